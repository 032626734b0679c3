package legacy

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"time"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"
)

// punctual logs in to SQL Server within the timeout, and for as long as somebody waits. go-mssqldb heeds
// the context while it dials only: a server that accepts the connection and says nothing would hold up
// everybody, a process that is told to end included.
type punctual struct {
	config  msdsn.Config
	timeout time.Duration
}

// Driver implements driver.Connector.
func (p punctual) Driver() driver.Driver { return mssql.NewConnectorConfig(p.config).Driver() }

// Connect implements driver.Connector.
func (p punctual) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	// What outlives the login is not to end with ctx.
	login, expire := context.WithCancel(context.WithoutCancel(ctx))
	inTime := context.AfterFunc(ctx, expire)
	connector := mssql.NewConnectorConfig(p.config)
	connector.Dialer = loginDialer{net.Dialer{KeepAlive: p.config.KeepAlive}, login}
	conn, err := connector.Connect(ctx)
	if inTime() {
		return conn, err
	}
	if err == nil {
		err = conn.Close()
	}
	return nil, errors.Join(fmt.Errorf("log in to SQL Server: %w", ctx.Err()), err)
}

// loginDialer closes what it dialled when the login expires, which ends every read and write of it.
type loginDialer struct {
	net.Dialer
	login context.Context
}

// DialContext implements mssql.Dialer.
func (d loginDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.Dialer.DialContext(ctx, network, address)
	if err == nil {
		context.AfterFunc(d.login, func() { _ = conn.Close() }) // whoever reads from it is told
	}
	return conn, err
}
