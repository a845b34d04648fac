/** MiB to bytes. */
const mib = 1024 * 1024

/**
 * The engine's own configuration for a small machine. ClickHouse's defaults are made for 32 cores: 5 GiB of mark cache, 16 merges at
 * once, 512 threads that only schedule. With these an idle engine with our tables holds 85 MiB of memory of its own (307 MiB resident,
 * the rest are pages of its library) and takes 0.5 % of a core. `fsync` off is for throw-away lakes of tests: a power cut may take the last
 * half minute.
 */
export function engineSettings(memoryMaxMiB: number, fsync: boolean): string {
  const settings: Readonly<Record<string, number>> = {
    max_server_memory_usage: memoryMaxMiB * mib,
    // A mark is 16 bytes for 8,192 rows and column: 32 MiB hold those of 300 million rows' hunted columns.
    mark_cache_size: 32 * mib,
    index_mark_cache_size: 16 * mib,
    uncompressed_cache_size: 0,
    index_uncompressed_cache_size: 0,
    mmap_cache_size: 0,
    compiled_expression_cache_size: 8 * mib,
    query_cache_max_size_in_bytes: 0,
    // Two threads, and a queue of 16 for them: with a short queue a mutation waits 250 ms for each part of the table (measured: 10 parts
    // 2.3 s; with 16 places 0.1 s), and large merges are put off while fewer than 8 places are free.
    background_pool_size: 2,
    background_merges_mutations_concurrency_ratio: 8,
    background_schedule_pool_size: 4,
    background_common_pool_size: 2,
    background_move_pool_size: 1,
    background_fetches_pool_size: 1,
    max_thread_pool_size: 256,
    max_thread_pool_free_size: 8,
    asynchronous_metrics_update_period_s: 60,
  }
  const lines = Object.entries(settings).map(([name, value]) => `<${name}>${value}</${name}>`)
  const tables = {
    // What was loaded must outlive a power cut before its lines leave the spool. Two loads at once hide the wait: 129,000 rows a second
    // with, 130,000 without.
    fsync_after_insert: fsync ? 1 : 0,
    fsync_part_directory: fsync ? 1 : 0,
    // One file for a load of 100,000 lines, not two for each of 60 columns: loads are 18 % faster. Merges make them wide.
    min_bytes_for_wide_part: 256 * mib,
    // Statistics of 60 columns, built by every insert and merge: our questions are found by keys and the text index.
    auto_statistics_types: '',
  }
  const merges = Object.entries(tables).map(([name, value]) => `<${name}>${value}</${name}>`)
  return `<clickhouse>${lines.join('')}<merge_tree>${merges.join('')}</merge_tree></clickhouse>\n`
}
