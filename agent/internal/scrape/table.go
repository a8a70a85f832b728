package scrape

import "strings"

// CoresSeries is a gauge of this package's own making: how many CPUs
// node-exporter reported, which is lost where node_cpu_seconds_total is summed.
const CoresSeries = "node_cpu_cores"

// merging says what becomes of the series of one metric.
type merging int

const (
	each merging = iota // every series is kept
	sum                 // counters that differ in the label over are added up
	mean                // gauges that differ in the label over are averaged
)

// rule is what is known of one wanted metric. Whether it is a counter stands
// here and not in the source, for node-exporter declares the whole of netstat
// and vmstat untyped and the counters of conntrack gauges.
type rule struct {
	counter bool
	merge   merging
	// over are the labels that a merged series loses.
	over []string
	// keep refuses series by their labels; nil keeps all.
	keep func(labels map[string]string) bool
	// cores makes the series with mode="idle" count towards CoresSeries.
	cores bool
	// timeless ignores the source's timestamp: older kubelets give a start time
	// as the time of its own reading.
	timeless bool
}

var (
	counter = rule{counter: true}
	gauge   = rule{}
	perCPU  = rule{counter: true, merge: sum, over: []string{"cpu"}}
	perNIC  = rule{counter: true, keep: keepInterface}
)

// nodeExporterTable are the series read from node-exporter.
var nodeExporterTable = map[string]rule{
	// CPU. softirq and system matter: eBPF, iptables and veth cost belongs to
	// no container.
	"node_cpu_seconds_total":               {counter: true, merge: sum, over: []string{"cpu"}, cores: true},
	"node_cpu_core_throttles_total":        {counter: true, merge: sum, over: []string{"core", "package"}},
	"node_cpu_frequency_hertz":             {merge: mean, over: []string{"cpu"}},
	"node_cpu_scaling_frequency_hertz":     {merge: mean, over: []string{"cpu"}},
	"node_schedstat_running_seconds_total": perCPU,
	"node_schedstat_waiting_seconds_total": perCPU,
	"node_load1":                           gauge,
	"node_load5":                           gauge,
	"node_load15":                          gauge,
	"node_procs_running":                   gauge,
	"node_procs_blocked":                   gauge,

	"node_memory_MemTotal_bytes":     gauge,
	"node_memory_MemAvailable_bytes": gauge,
	"node_memory_MemFree_bytes":      gauge,
	"node_memory_Buffers_bytes":      gauge,
	"node_memory_Cached_bytes":       gauge,
	"node_memory_Slab_bytes":         gauge,
	"node_memory_SwapFree_bytes":     gauge,
	"node_vmstat_pgmajfault":         counter,
	"node_vmstat_oom_kill":           counter,
	"node_vmstat_pswpin":             counter,
	"node_vmstat_pswpout":            counter,

	"node_network_receive_bytes_total":    perNIC,
	"node_network_receive_packets_total":  perNIC,
	"node_network_receive_drop_total":     perNIC,
	"node_network_receive_errs_total":     perNIC,
	"node_network_transmit_bytes_total":   perNIC,
	"node_network_transmit_packets_total": perNIC,
	"node_network_transmit_drop_total":    perNIC,
	"node_network_transmit_errs_total":    perNIC,
	"node_softnet_processed_total":        perCPU,
	"node_softnet_dropped_total":          perCPU,
	"node_softnet_times_squeezed_total":   perCPU,

	"node_netstat_Tcp_RetransSegs":        counter,
	"node_netstat_Tcp_OutSegs":            counter,
	"node_netstat_Tcp_InSegs":             counter,
	"node_netstat_Tcp_ActiveOpens":        counter,
	"node_netstat_Tcp_PassiveOpens":       counter,
	"node_netstat_Tcp_CurrEstab":          gauge,
	"node_netstat_Tcp_OutRsts":            counter,
	"node_netstat_Tcp_InErrs":             counter,
	"node_netstat_TcpExt_ListenDrops":     counter,
	"node_netstat_TcpExt_ListenOverflows": counter,
	"node_netstat_TcpExt_SyncookiesSent":  counter,
	"node_netstat_TcpExt_TCPTimeouts":     counter,
	"node_netstat_TcpExt_TCPSynRetrans":   counter,
	"node_netstat_IpExt_InOctets":         counter,
	"node_sockstat_TCP_inuse":             gauge,
	"node_sockstat_TCP_tw":                gauge,
	"node_sockstat_TCP_orphan":            gauge,
	"node_sockstat_TCP_mem_bytes":         gauge,
	"node_tcp_connection_states":          gauge,

	"node_nf_conntrack_entries":            gauge,
	"node_nf_conntrack_entries_limit":      gauge,
	"node_nf_conntrack_stat_insert_failed": counter,
	"node_nf_conntrack_stat_drop":          counter,
	"node_nf_conntrack_stat_early_drop":    counter,
	"node_nf_conntrack_stat_found":         counter,
	"node_nf_conntrack_stat_invalid":       counter,

	"node_disk_read_bytes_total":               counter,
	"node_disk_written_bytes_total":            counter,
	"node_disk_reads_completed_total":          counter,
	"node_disk_writes_completed_total":         counter,
	"node_disk_io_time_seconds_total":          counter,
	"node_disk_io_time_weighted_seconds_total": counter,
	"node_filesystem_avail_bytes":              {keep: keepFilesystem},

	"node_pressure_cpu_waiting_seconds_total":    counter,
	"node_pressure_memory_waiting_seconds_total": counter,
	"node_pressure_memory_stalled_seconds_total": counter,
	"node_pressure_io_waiting_seconds_total":     counter,
	"node_pressure_io_stalled_seconds_total":     counter,

	"node_context_switches_total": counter,
	"node_intr_total":             counter,
	"node_forks_total":            counter,
	"node_filefd_allocated":       gauge,
	"node_entropy_available_bits": gauge,
	"node_timex_offset_seconds":   gauge,
	"node_boot_time_seconds":      gauge,
	"node_uname_info":             gauge,
	"node_os_info":                gauge,
}

// kubeletTable are the series read from the kubelet's /metrics/resource.
var kubeletTable = map[string]rule{
	"container_cpu_usage_seconds_total":  counter,
	"container_memory_working_set_bytes": gauge,
	"container_start_time_seconds":       {timeless: true},
	"pod_cpu_usage_seconds_total":        counter,
	"pod_memory_working_set_bytes":       gauge,
	"node_cpu_usage_seconds_total":       counter,
	"node_memory_working_set_bytes":      gauge,
}

// podInterfaces are the host ends of pod interfaces, one or two per pod, named
// so by the common CNI plugins (bridge, Calico, Cilium, GKE, Azure, AWS VPC).
// Their traffic is counted again on the node's own interfaces.
var podInterfaces = []string{"veth", "cali", "lxc", "gke", "azv", "eni", "tap"}

func keepInterface(labels map[string]string) bool {
	device := labels["device"]
	for _, prefix := range podInterfaces {
		if strings.HasPrefix(device, prefix) {
			return false
		}
	}
	return device != "lo"
}

// keepFilesystem leaves out the mounts that every pod and container adds.
func keepFilesystem(labels map[string]string) bool {
	switch labels["fstype"] {
	case "tmpfs", "overlay", "squashfs", "nsfs":
		return false
	}
	return !strings.HasPrefix(labels["mountpoint"], "/var/lib/kubelet/pods/")
}
