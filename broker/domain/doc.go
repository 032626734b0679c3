// Package domain decides whether a tenant may use the e-mail domains that its file claims. Whoever has
// a domain decides where its people log in, and which addresses a mapping rule believes: so a claim
// counts for nothing until the domain's owner has published a TXT record, or the platform's
// administrator has given their word.
//
//	claimed --Verify (TXT record)---> proven by DNS --not there any more--> missing --72 h--> claimed
//	   |  ^                              ^  |                                  |
//	   |  +------------ revoked ---------|--+     <------ there again ---------+
//	   +--approved---> approved ---------+
//
// A record is looked for once a day, and every hour while it is missing or nobody answers. It goes missing
// when a name server answers that it is not there; when none answers, the proof lapses only after 14 days,
// because a resolver of ours may be what is broken. The two are counted apart, so that the first answer after
// a long silence ends nothing. An approval is never checked.
package domain
