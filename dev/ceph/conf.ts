/**
 * The smallest realistic cluster: one mon, one osd on a sparse file, everything on loopback, no internal keys. An object has
 * one copy; a killed daemon finds its data again.
 */
export function cephConf(folder: string, fsid: string, monPort: number): string {
  return `[global]
fsid = ${fsid}
mon_host = [v2:127.0.0.1:${monPort}/0]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr1 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
# Without keys there is no encrypted link to the mon, and radosgw would wait for one.
ms_mon_client_mode = crc
keyring = /dev/null
admin_socket = ${folder}/$name.asok
crash_dir = ${folder}
log_file = ${folder}/$name.log
mon_cluster_log_file = ${folder}/cluster.log
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0

[mon]
mon_data = ${folder}/mon
mon_allow_pool_size_one = true
# A test machine's disk may be nearly full.
mon_data_avail_crit = 0
paxos_propose_interval = 0.05
paxos_min_wait = 0.01

[osd]
osd_data = ${folder}/osd
crush_location = root=default host=dev
osd_objectstore = bluestore
bluestore_block_size = ${8 * 2 ** 30}
bluestore_fsck_on_mkfs = false
bluestore_cache_autotune = false
bluestore_cache_size = ${64 * 2 ** 20}

[client]
objecter_tick_interval = 0.25
objecter_timeout = 1

[client.rgw]
rgw_data = ${folder}/rgw
rgw_thread_pool_size = 64
rgw_enable_lc_threads = false
rgw_dynamic_resharding = false
`;
}
