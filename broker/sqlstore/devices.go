package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
)

const (
	insertDevice query = `/* insert_device */ INSERT INTO pb_devices
		(id, code, user_code, request, state, poll_interval, poll_after, created_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

	findDevice query = `/* find_device */ SELECT id, code, user_code, request, state, body, poll_interval, poll_after,
		created_at, expires_at FROM pb_devices WHERE id = ?`

	findDeviceByCode query = `/* find_device_by_code */ SELECT id, code, user_code, request, state, body, poll_interval,
		poll_after, created_at, expires_at FROM pb_devices WHERE code = ?`

	findDeviceByUserCode query = `/* find_device_by_user_code */ SELECT id, code, user_code, request, state, body,
		poll_interval, poll_after, created_at, expires_at FROM pb_devices WHERE user_code = ?`

	pollDevice query = `/* poll_device */ UPDATE pb_devices SET poll_after = ? WHERE id = ? AND poll_after <= ?`

	slowDevice query = `/* slow_device */ UPDATE pb_devices SET poll_interval = ?, poll_after = ? WHERE id = ?`

	decideDevice query = `/* decide_device */ UPDATE pb_devices SET state = ?, body = ?
		WHERE id = ? AND state = ? AND expires_at > ?`

	redeemDevice query = `/* redeem_device */ UPDATE pb_devices SET state = ?, used_at = ?, used_by = ?
		WHERE id = ? AND state = ?`

	deviceUsedBy query = `/* device_used_by */ SELECT used_by FROM pb_devices WHERE id = ?`
)

// InsertDevice implements grant.DeviceStore.
func (s *Store) InsertDevice(ctx context.Context, d grant.Device) error {
	request, err := encode(d.Request)
	if err != nil {
		return err
	}
	err = s.inStatement(ctx, func(ctx context.Context, c conn) error {
		return c.run(ctx, insertDevice, d.ID[:], d.Code[:], key(d.UserCode), request, key(d.State),
			d.Interval.Microseconds(), micros(d.PollAfter), micros(d.CreatedAt), micros(d.ExpiresAt))
	})
	if isDuplicate(err) { // of the user code: the other keys are random
		return grant.ErrConflict
	}
	return wrap(err, "insert device %s", d.ID)
}

// FindDevice implements grant.DeviceStore.
func (s *Store) FindDevice(ctx context.Context, device id.ID) (grant.Device, error) {
	return s.device(ctx, findDevice, device[:])
}

// FindDeviceByCode implements grant.DeviceStore.
func (s *Store) FindDeviceByCode(ctx context.Context, code grant.Hash) (grant.Device, error) {
	return s.device(ctx, findDeviceByCode, code[:])
}

// FindDeviceByUserCode implements grant.DeviceStore.
func (s *Store) FindDeviceByUserCode(ctx context.Context, code grant.UserCode) (grant.Device, error) {
	return s.device(ctx, findDeviceByUserCode, key(code))
}

func (s *Store) device(ctx context.Context, q query, by []byte) (grant.Device, error) {
	var d grant.Device
	var interval int64
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		d = grant.Device{}
		return c.one(ctx, q, []any{by}, toBytes{d.ID[:]}, toBytes{d.Code[:]}, toText[grant.UserCode]{&d.UserCode},
			toJSON{&d.Request}, toText[grant.DeviceState]{&d.State}, toJSON{&d.Grant}, &interval,
			toTime{&d.PollAfter}, toTime{&d.CreatedAt}, toTime{&d.ExpiresAt})
	})
	if errors.Is(err, sql.ErrNoRows) {
		return grant.Device{}, grant.ErrNotFound
	}
	d.Interval = time.Duration(interval) * time.Microsecond
	return d, wrap(err, "find device")
}

// PollDevice implements grant.DeviceStore. A retry after a lost reply may find its own poll and call
// it early, which costs the device one longer wait.
func (s *Store) PollDevice(ctx context.Context, p grant.DevicePoll) (early bool, err error) {
	var n int64
	err = s.inStatement(ctx, func(ctx context.Context, c conn) (err error) {
		n, err = c.exec(ctx, pollDevice, micros(p.Next), p.Device[:], micros(p.At))
		return err
	})
	if err != nil || n > 0 {
		return false, wrap(err, "poll device %s", p.Device)
	}
	err = s.inStatement(ctx, func(ctx context.Context, c conn) error {
		return c.run(ctx, slowDevice, p.Slower.Microseconds(), micros(p.Later), p.Device[:])
	})
	return true, wrap(err, "slow device %s", p.Device)
}

// decide stores a person's answer. One that comes too late, or second, is broker.ErrConflict.
func (t *tx) decide(ctx context.Context, d grant.DeviceDecision) error {
	state, body := grant.DeviceDenied, []byte(nil)
	if d.Grant != nil {
		var err error
		if body, err = encode(d.Grant); err != nil {
			return err
		}
		state = grant.DeviceAllowed
	}
	n, err := t.exec(ctx, decideDevice, key(state), body, d.Device[:], key(grant.DevicePending), micros(d.At))
	if err == nil && n == 0 {
		return broker.ErrConflict
	}
	return err
}

// RedeemDevice implements grant.DeviceStore. A device that does not exist is grant.ErrNotFound.
func (s *Store) RedeemDevice(ctx context.Context, device, nonce id.ID, at time.Time, family *grant.Family) error {
	err := s.inTx(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, redeemDevice, key(grant.DeviceUsed), micros(at), nonce[:], device[:], key(grant.DeviceAllowed))
		switch {
		case err != nil:
			return err
		case n == 0:
			return t.usedByNonce(ctx, deviceUsedBy, device[:], nonce)
		case family == nil:
			return nil
		}
		return t.insertFamily(ctx, *family)
	})
	return wrap(err, "redeem device %s", device)
}
