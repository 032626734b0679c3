package legacy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/patchbay-auth/patchbay/legacy/passhash"
)

// A fault is what is wrong with a profile by itself. Its key is a path in a profile's file.
type fault struct {
	key string
	err error
}

// in tells of a fault in an error about the profile.
func (f fault) in(p Profile) error {
	name, ofStatement := strings.CutPrefix(f.key, key(""))
	switch {
	case ofStatement:
		return fmt.Errorf("%s: %w", p.name(Statement(name)), f.err)
	case f.key == "statements" || f.key == "passwords": // it names what is meant
		return f.err
	}
	return fmt.Errorf("%s %w", f.key, f.err)
}

// compile turns a profile's texts into statements, and returns what is wrong with the profile by
// itself.
func compile(p Profile, engine Engine) (map[Statement]*statement, []fault) {
	var faults []fault
	add := func(key, format string, args ...any) {
		faults = append(faults, fault{key, fmt.Errorf(format, args...)})
	}
	if p.UserIDScope != Global && p.UserIDScope != PerTenant {
		add("user_id_scope", "%q is neither %s nor %s", p.UserIDScope, Global, PerTenant)
	}
	if p.UserIDType != "" && p.UserIDType != Text && p.UserIDType != Integer {
		add("user_id_type", "%q is neither %s nor %s", p.UserIDType, Text, Integer)
	}
	if p.LoginComparison != Exact && p.LoginComparison != ASCIIFold {
		add("login_comparison", "%q is neither %s nor %s", p.LoginComparison, Exact, ASCIIFold)
	}
	if p.EmailComparison != "" && p.EmailComparison != Exact && p.EmailComparison != ASCIIFold {
		add("email_comparison", "%q is neither %s nor %s", p.EmailComparison, Exact, ASCIIFold)
	}
	if _, err := passhash.New(p.Passwords); err != nil {
		add("passwords", "%w", err)
	}
	for _, name := range []Statement{UserByLogin, UserByID} {
		if p.Statements[name] == "" {
			add(key(name), "it is missing")
		}
	}
	links := p.have(UserByExternalID, ExternalIDsOfUser, LinkExternalID)
	if links == 1 || links == 2 || links == 0 && p.have(UnlinkExternalID, ScanExternalIDs) > 0 {
		add("statements", "%s, %s and %s: set all three or none; %s and %s need them",
			UserByExternalID, ExternalIDsOfUser, LinkExternalID, UnlinkExternalID, ScanExternalIDs)
	}
	statements := map[Statement]*statement{}
	for _, name := range slices.Sorted(maps.Keys(p.Statements)) {
		if p.Statements[name] == "" {
			continue
		}
		c, ok := contractOf(name)
		if !ok {
			add(key(name), "there is no such statement")
			continue
		}
		if c.writes && engine.readOnly() {
			add(key(name), "patchbay only reads databases of engine %s: leave it out", engine)
			continue
		}
		text, params, err := parseParams(p.Statements[name], engine)
		if err != nil {
			add(key(name), "%w", err)
			continue
		}
		for _, err := range c.misused(params, p.UserIDScope) {
			add(key(name), "%w", err)
		}
		statements[name] = &statement{name: name, text: text, params: params}
	}
	return statements, faults
}

// have counts the statements that the profile has.
func (p Profile) have(names ...Statement) (n int) {
	for _, name := range names {
		if p.Statements[name] != "" {
			n++
		}
	}
	return n
}

// key is the path of a statement in a profile's file.
func key(name Statement) string { return "statements." + string(name) }

// misused returns what is wrong with the parameters that a statement uses.
func (c contract) misused(params []string, scope Scope) (faults []error) {
	must := c.params
	if c.scans() && scope == PerTenant {
		must = append(slices.Clone(must), "after_tenant")
	}
	for _, param := range must {
		if !slices.Contains(params, param) && !(param == "tenant" && c.aboutUser && scope == Global) {
			faults = append(faults, fmt.Errorf("it does not use :%s", param))
		}
	}
	for _, param := range params {
		if !c.takes(param) {
			faults = append(faults, fmt.Errorf("there is no parameter :%s, only :%s", param, strings.Join(slices.Concat(c.params, c.extra), " :")))
		}
	}
	return faults
}

// check tries every statement on the database, and returns what is wrong with them there.
func (db *DB) check(ctx context.Context) (faults []error) {
	for _, name := range slices.Sorted(maps.Keys(db.statements)) {
		s := db.statements[name]
		c, _ := contractOf(name)
		add := func(format string, args ...any) {
			faults = append(faults, fmt.Errorf("%s: %w", db.config.Profile.name(name), fmt.Errorf(format, args...)))
		}
		if err := db.try(ctx, s, c.writes); err != nil {
			add("%w", err)
			continue
		}
		if c.writes {
			continue
		}
		for _, column := range c.required {
			if !slices.Contains(s.columns, column) {
				add("column %s is missing", column)
			}
		}
		seen := map[string]bool{}
		for _, column := range s.columns {
			switch {
			case seen[column]:
				add("column %s occurs twice", column)
			case !slices.Contains(c.required, column) && !slices.Contains(c.optional, column):
				add("column %s has no meaning here", column)
			}
			seen[column] = true
		}
	}
	return faults
}

// try runs a read with NULL for every parameter and a :limit of 0, which select nobody, in a
// transaction that cannot write, and notes its columns. A write is only prepared. SQL Server's driver
// knows no such transactions; what a statement did there is rolled back.
func (db *DB) try(ctx context.Context, s *statement, writes bool) (err error) {
	ctx, cancel := context.WithTimeout(ctx, db.config.StatementTimeout)
	defer cancel()
	db.config.OnStatement(s.name)
	if writes {
		prepared, err := db.write.PrepareContext(ctx, s.text)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, prepared.Close()) }()
		return nil
	}
	tx, err := db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: db.config.Engine != SQLServer})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	nobody := make([]any, len(s.params))
	if i := slices.Index(s.params, "limit"); i >= 0 {
		nobody[i] = 0
	}
	rows, err := tx.QueryContext(ctx, s.text, nobody...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if s.columns, err = rows.Columns(); err != nil {
		return err
	}
	if rows.Next() && len(s.params) > 0 {
		return errors.New("it returns rows even where every parameter is NULL")
	}
	return rows.Err()
}
