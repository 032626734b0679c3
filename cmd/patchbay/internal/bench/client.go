package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
)

// A conn is one connection of a client that keeps it open and asks one thing after another.
type conn struct {
	net.Conn
	in   *bufio.Reader
	body []byte
}

func dial(ctx context.Context, address string) (*conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, in: bufio.NewReaderSize(c, 16<<10), body: make([]byte, 0, 8<<10)}, nil
}

// send writes a prepared request and returns the body of the answer, which is good until the next.
// Any status but 200 is an error.
func (c *conn) send(request []byte) ([]byte, error) {
	if _, err := c.Write(request); err != nil {
		return nil, err
	}
	status, err := c.in.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	ok := bytes.HasPrefix(status, []byte("HTTP/1.1 200 "))
	said := string(bytes.TrimSpace(status[len("HTTP/1.1 "):]))
	length := -1
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if value, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return nil, err
			}
		}
	}
	if length < 0 {
		return nil, fmt.Errorf("an answer %s without a length", said)
	}
	c.body = append(c.body[:0], make([]byte, length)...)
	if _, err := io.ReadFull(c.in, c.body); err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%s: %s", said, bytes.TrimSpace(c.body))
	}
	return c.body, nil
}

// get prepares a GET of an address.
func get(address string) []byte {
	u := mustParse(address)
	return []byte("GET " + u.RequestURI() + " HTTP/1.1\r\nHost: " + u.Host + "\r\n\r\n")
}

// post prepares a form, from a client that authenticates with Basic unless its id is empty.
func post(address, client, secret string, form url.Values) []byte {
	u, body := mustParse(address), form.Encode()
	var b bytes.Buffer
	_, _ = fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n", u.RequestURI(), u.Host, len(body))
	if client != "" {
		_, _ = fmt.Fprintf(&b, "Authorization: Basic %s\r\n", base64.StdEncoding.EncodeToString([]byte(client+":"+secret)))
	}
	b.WriteString("\r\n" + body)
	return b.Bytes()
}

// mustParse parses an address of our own making.
func mustParse(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil {
		panic("bench: " + err.Error())
	}
	return u
}

// hello is what everything is compared with.
func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }
