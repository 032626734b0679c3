package proof

import "hash/maphash"

const (
	// filterBits is the size of the filter: 32 MiB. Of ten million keys it takes about one in ten thousand
	// for seen before; those are asked of the database.
	filterBits = 1 << 28
	// filterProbes is how many bits a key sets.
	filterProbes = 4
	// maxRepeated bounds the keys that are looked at one by one.
	maxRepeated = 10_000
)

// seen remembers keys in bounded memory (a Bloom filter): it may take a new key for an old one, and never
// an old one for new.
type seen struct {
	seed maphash.Seed
	bits []uint64
	// repeated holds the keys that were probably seen before, by kind.
	repeated map[key]struct{}
	overflow bool
}

// A key is something that should be one user's alone.
type key struct {
	kind               Code // of the finding if it is not
	tenant, value, via string
}

func newSeen() *seen {
	return &seen{seed: maphash.MakeSeed(), bits: make([]uint64, filterBits/64), repeated: map[key]struct{}{}}
}

func (s *seen) add(k key) {
	sum := maphash.Comparable(s.seed, k)
	step, old := sum>>32|1, true
	for range filterProbes {
		bit := sum % filterBits
		if s.bits[bit/64]&(1<<(bit%64)) == 0 {
			s.bits[bit/64] |= 1 << (bit % 64)
			old = false
		}
		sum += step
	}
	if !old {
		return
	}
	if len(s.repeated) >= maxRepeated {
		s.overflow = true
		return
	}
	s.repeated[k] = struct{}{}
}
