package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/census"
	"github.com/patchbay-auth/patchbay/broker/domain"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/broker/shadow"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A Store keeps everything that the broker owns.
type Store interface {
	broker.AttemptStore
	broker.SessionStore
	broker.ConsentStore
	broker.CallbackStore
	broker.UpstreamStore
	broker.OriginStore
	broker.LinkStore
	broker.CreationStore
	broker.LoginHistory
	broker.LogoutStore
	LiveSessions(context.Context, registry.Account, mapping.UserID, time.Time, int) ([]broker.Session, error)
	broker.EventStore
	broker.ChangeStore
	broker.SweepStore
	grant.Store
	keyring.Store
	registry.Store
	domain.Store
	census.Store
	shadow.Store
	OnChange(listener func(broker.Change))
}

// Run runs the suite. open returns a migrated and empty store that runs on the real clock, and
// closes it when the test ends.
func Run(t *testing.T, open func(*testing.T) Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Store)
	}{
		{"code comes back as stored", codeRoundTrip},
		{"one of 64 redemptions wins", redemptionRace},
		{"redemption that stores no family", redeemWithoutFamily},
		{"redemption recognises itself", redeemAgain},
		{"failed redemption burns nothing", redeemRollback},
		{"family comes back as stored", familyRoundTrip},
		{"one of 64 rotations wins", rotationRace},
		{"rotation is refused", rotationRefused},
		{"rotation recognises itself", rotateAgain},
		{"rotation that keeps the token", rotateKeep},
		{"assertion is used once", assertionOnce},
		{"assertion is forgotten after it expired", assertionSwept},
		{"unattended families are limited", unattendedLimit},
		{"revocation reaches its families", revokeReaches},
		{"revocations are read until they expire", revocationsExpire},
		{"revocation of nonsense", revokeNonsense},
		{"device comes back as stored", deviceRoundTrip},
		{"device polls too early", devicePolls},
		{"device is decided once", deviceDecided},
		{"one of 64 polls of an allowed device wins", deviceRace},
		{"device's redemption recognises itself", redeemDeviceAgain},
		{"wrong user codes are counted", wrongUserCodes},
		{"pushed request comes back as stored, once", pushedRoundTrip},
		{"one of 64 takes a pushed request", pushedRace},
		{"callback comes back as stored, once", callbackRoundTrip},
		{"one of 64 takes a callback", callbackRace},
		{"the latest answer to a login takes the place of the others", callbackReplaced},
		{"upstream keys are unique", upstreamKeysUnique},
		{"upstream metadata is replaced", upstreamMetadata},
		{"attempt comes back as stored", attemptRoundTrip},
		{"attempt moves from named states", attemptMoves},
		{"one of 64 moves wins", moveRace},
		{"settlement comes back as stored", settleRoundTrip},
		{"settlement is all or nothing", settleRollback},
		{"settlement recognises itself", settleAgain},
		{"a login renews a session", settleRenews},
		{"links are unique both ways", linksUnique},
		{"a link is replaced with proof only", linkReplaced},
		{"links are saved together, and read in order", linksInBulk},
		{"a creation is completed once", creationCompleted},
		{"logins through a connection are read in pages", loginsInPages},
		{"users are counted by how they log in", loginsTallied},
		{"identifiers are compared as bytes", identifiersAreBytes},
		{"update that changes nothing matches", sameUpdate},
		{"consents are remembered and withdrawn", consents},
		{"withdrawn consent ends the client's grants", withdrawnConsentEndsGrants},
		{"session ends once", sessionEnds},
		{"session remembers its clients", sessionClients},
		{"ended sessions fill the outbox", logoutsFilled},
		{"logout is claimed by one", logoutClaimed},
		{"sessions are found by their origin", originsFound},
		{"origin outlives its session", originOutlives},
		{"sessions are found by who holds them", sessionsHeld},
		{"departure is taken once", departureTaken},
		{"live sessions are listed", sessionsListed},
		{"refused login is recorded", refusedLogin},
		{"logins are listed newest first", loginsListed},
		{"a login is recorded once", loginOnce},
		{"logins are found by subject", loginsBySubject},
		{"events come back in order", eventsInOrder},
		{"registry comes back as stored", registryRoundTrip},
		{"registry keys are unique", registryUnique},
		{"domains are proven by one tenant", domainsProven},
		{"domains are checked and lapse once", domainsChecked},
		{"domain that a tenant gives up is free", domainGivenUp},
		{"tenant's domain token stays", domainTokens},
		{"registry deletes", registryDeletes},
		{"signing keys are unique", keysUnique},
		{"signing keys are revoked and deleted once", keysRevoked},
		{"changes are announced after commit", changesAnnounced},
		{"change feed loses nothing", feedLosesNothing},
		{"sweep deletes what has expired", sweepDeletes},
		{"history is forgotten after its time", historyIsForgotten},
		{"a day's census is one caller's", censusClaimed},
		{"censuses come back in order", censusesInOrder},
		{"people are compared, and differ", shadowCompared},
		{"what differs is settled", shadowSettled},
		{"long ids are cut", shadowLongIDs},
		{"one difference, whoever meets it", shadowRace},
		{"comparisons are forgotten", shadowForgotten},
		{"clock tells the time", clockTells},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

// now is the time as a store keeps it.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
