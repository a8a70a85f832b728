// Package load generates one agent's share of a run and measures it: an
// open-loop schedule over clients of any protocol, response time, service time
// and lateness in HDR histograms, handed out every second. It stores and sends
// nothing.
//
// Words, as everywhere in the product:
//
//	intended  when the schedule says a call is to be sent
//	free      when the connection that sends it had become free, or would have,
//	          if looking into answers took no time
//	idle      until when a connection stood idle, the last that did
//	start     when it was really sent
//	end       when the response was complete, or the call had failed
//
//	queue         = max(0, free - max(intended, idle)): waiting behind earlier
//	                calls while no connection was free, and waiting for a stream
//	                that the server allows
//	service time  = end - start, less the waiting for a stream and the looking
//	                into the answer's body
//	response time = queue + service time
//	lateness      = the rest of start - intended: the generator's own fault, kept
//	                apart and in neither of the two
//
// A call that was given up before a stream was free has no service time.
//
// Without idle, a pause of the generator's would count as the server's: when it
// goes on, the first calls of its connections are late, and all others that
// became due meanwhile wait behind those.
package load
