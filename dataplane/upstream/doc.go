// Package upstream carries requests to origins (for the edge) and backends (for
// the gateway): connections, pools, timeouts, retries, address rules, and
// origins that are served in process.
//
// It must not know why a request is made, nor what becomes of the response.
package upstream
