package legacy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// compile turns the profile's texts into statements, and returns what is wrong with the profile
// by itself.
func (db *DB) compile() (faults []error) {
	p := db.config.Profile
	if p.UserIDScope != Global && p.UserIDScope != PerTenant {
		faults = append(faults, fmt.Errorf("user_id_scope %q is neither %s nor %s", p.UserIDScope, Global, PerTenant))
	}
	if p.LoginComparison != Exact && p.LoginComparison != ASCIIFold {
		faults = append(faults, fmt.Errorf("login_comparison %q is neither %s nor %s", p.LoginComparison, Exact, ASCIIFold))
	}
	for _, name := range []Statement{UserByLogin, UserByID} {
		if p.Statements[name] == "" {
			faults = append(faults, fmt.Errorf("%s: it is missing", name))
		}
	}
	links := 0
	for _, name := range []Statement{UserByExternalID, ExternalIDsOfUser, LinkExternalID} {
		if p.Statements[name] != "" {
			links++
		}
	}
	if links != 0 && links != 3 {
		faults = append(faults, fmt.Errorf("%s, %s and %s: set all three or none", UserByExternalID, ExternalIDsOfUser, LinkExternalID))
	}
	known := contracts()
	for _, name := range slices.Sorted(maps.Keys(p.Statements)) {
		if p.Statements[name] == "" {
			continue
		}
		c, ok := known[name]
		if !ok {
			faults = append(faults, fmt.Errorf("%s: there is no such statement", name))
			continue
		}
		text, params, err := parseParams(p.Statements[name], db.config.Engine)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
			continue
		}
		for _, param := range c.params {
			if !slices.Contains(params, param) && !(param == "tenant" && c.aboutUser && p.UserIDScope == Global) {
				faults = append(faults, fmt.Errorf("%s: it does not use :%s", name, param))
			}
		}
		for _, param := range params {
			if !slices.Contains(c.params, param) {
				faults = append(faults, fmt.Errorf("%s: there is no parameter :%s, only :%s", name, param, strings.Join(c.params, " :")))
			}
		}
		db.statements[name] = &statement{name: name, text: text, params: params}
	}
	return faults
}

// check tries every statement on the database, and returns what is wrong with them there.
func (db *DB) check(ctx context.Context) (faults []error) {
	known := contracts()
	for _, name := range slices.Sorted(maps.Keys(db.statements)) {
		s, c := db.statements[name], known[name]
		err := db.try(ctx, s, c.writes)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
			continue
		}
		if c.writes {
			continue
		}
		for _, column := range c.required {
			if !slices.Contains(s.columns, column) {
				faults = append(faults, fmt.Errorf("%s: column %s is missing", name, column))
			}
		}
		seen := map[string]bool{}
		for _, column := range s.columns {
			switch {
			case seen[column]:
				faults = append(faults, fmt.Errorf("%s: column %s occurs twice", name, column))
			case !slices.Contains(c.required, column) && !slices.Contains(c.optional, column):
				faults = append(faults, fmt.Errorf("%s: column %s has no meaning here", name, column))
			}
			seen[column] = true
		}
	}
	return faults
}

// try runs a read with NULL for every parameter, which selects nobody, in a transaction that
// cannot write, and notes its columns. A write is only prepared.
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
	tx, err := db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	rows, err := tx.QueryContext(ctx, s.text, make([]any, len(s.params))...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if s.columns, err = rows.Columns(); err != nil {
		return err
	}
	if rows.Next() {
		return errors.New("it returns rows even where every parameter is NULL")
	}
	return rows.Err()
}
