package app

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/oschwald/maxminddb-golang/v2"

	"drawbridge/dataplane/edge"
)

// geoRecord is what MaxMind's City, Country and ASN files (and those of their
// form) say about an address.
type geoRecord struct {
	Country      geoName   `maxminddb:"country"`
	Subdivisions []geoName `maxminddb:"subdivisions"`
	City         geoName   `maxminddb:"city"`
	Postal       struct {
		Code string `maxminddb:"code"`
	} `maxminddb:"postal"`
	Location struct {
		Latitude  *float64 `maxminddb:"latitude"`
		Longitude *float64 `maxminddb:"longitude"`
		TimeZone  string   `maxminddb:"time_zone"`
		MetroCode uint     `maxminddb:"metro_code"`
	} `maxminddb:"location"`
	ASN uint `maxminddb:"autonomous_system_number"`
}

type geoName struct {
	Code  string `maxminddb:"iso_code"`
	Names struct {
		English string `maxminddb:"en"`
	} `maxminddb:"names"`
}

// openGeo opens the files of --geo-database; nil without any. What several of
// them know, the last says.
func (a *App) openGeo() (edge.Locator, error) {
	var files []*maxminddb.Reader
	for _, name := range a.config.GeoDatabases {
		file, err := maxminddb.Open(name)
		if err != nil {
			return nil, fmt.Errorf("--geo-database %s: %w", name, err)
		}
		files = append(files, file)
		a.closers = append(a.closers, file.Close)
	}
	if len(files) == 0 {
		return nil, nil
	}
	return func(address netip.Addr) edge.Place {
		var found geoRecord
		for _, file := range files {
			if err := file.Lookup(address).Decode(&found); err != nil {
				a.log.Debug("an address was not found", "error", err)
			}
		}
		return found.place()
	}, nil
}

// place is a record as the edge's header fields have it.
func (r *geoRecord) place() edge.Place {
	p := edge.Place{
		Country: r.Country.Code, CountryName: r.Country.Names.English, City: r.City.Names.English,
		PostalCode: r.Postal.Code, TimeZone: r.Location.TimeZone,
	}
	if len(r.Subdivisions) > 0 {
		p.Region, p.RegionName = r.Subdivisions[0].Code, r.Subdivisions[0].Names.English
	}
	if r.Location.Latitude != nil && r.Location.Longitude != nil {
		p.Latitude, p.Longitude = edge.FormatCoordinate(*r.Location.Latitude), edge.FormatCoordinate(*r.Location.Longitude)
	}
	if r.Location.MetroCode != 0 {
		p.MetroCode = strconv.FormatUint(uint64(r.Location.MetroCode), 10)
	}
	if r.ASN != 0 {
		p.ASN = strconv.FormatUint(uint64(r.ASN), 10)
	}
	return p
}
