using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Records: revisions, keys, ranges, compare-and-set.</summary>
internal static class RecordCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Record_not_stored_is_not_found),
        ContractCase.Of(Record_counts_its_revisions_from_1),
        ContractCase.Of(Record_is_stored_only_at_the_expected_revision),
        ContractCase.Of(Record_is_removed_only_at_the_expected_revision),
        ContractCase.Of(Record_stored_again_after_removal_starts_at_1),
        ContractCase.Of(Record_kinds_are_separate),
        ContractCase.Of(Record_value_is_copied_and_may_be_empty),
        ContractCase.Of(Record_keys_are_compared_by_ordinal),
        .. new[] { "", "a\nb", "a\0", "a\uD800", new string('é', 257) }.Select((key, i) =>
            new ContractCase($"Record_with_invalid_key_{i + 1}_is_refused", log => InvalidKey(log, key))),
        ContractCase.Of(Record_with_a_key_of_512_bytes_is_stored),
        ContractCase.Of(Range_of_records_is_in_utf8_order),
        ContractCase.Of(Range_of_records_has_inclusive_bounds_and_a_maximum),
        ContractCase.Of(Page_of_records_ends_with_the_record_that_reaches_4_mebibytes),
        ContractCase.Of(Concurrent_compare_and_set_loses_no_update),
    ];

    private static Task<StoredRecord?> GetAsync(LogUnderTest log, string key, RecordKind kind = RecordKind.Checkpoint) => log.FindRecordAsync(kind, key);

    private static Task<bool> PutAsync(LogUnderTest log, string key, byte value, long? ifRevision = null, RecordKind kind = RecordKind.Checkpoint) =>
        log.PutAsync(kind, key, new[] { value }, ifRevision);

    private static async Task<bool> RemoveAsync(LogUnderTest log, string key, long? ifRevision = null) =>
        (await log.ChangeAsync(RecordChange.Remove(RecordKind.Checkpoint, key, ifRevision).OrSkip()).ConfigureAwait(false)).Changed[0];

    private static async Task Has(LogUnderTest log, string key, byte value, long revision, RecordKind kind = RecordKind.Checkpoint)
    {
        var record = await GetAsync(log, key, kind).ConfigureAwait(false);
        Expect.Equal((key, value, revision), record is null ? default : (record.Key, record.Value.Span[0], record.Revision), $"record {key}");
    }

    private static async Task Record_not_stored_is_not_found(LogUnderTest log)
    {
        Expect.Equal(null, await GetAsync(log, "k").ConfigureAwait(false), "record");
        Expect.True(!await RemoveAsync(log, "k").ConfigureAwait(false), "nothing is removed");
        Expect.Equal(0, (await log.RecordsAsync(RecordKind.Checkpoint).ConfigureAwait(false)).Count, "range");
    }

    private static async Task Record_counts_its_revisions_from_1(LogUnderTest log)
    {
        for (byte i = 1; i <= 3; i++)
        {
            Expect.True(await PutAsync(log, "k", i).ConfigureAwait(false), "stored");
            await Has(log, "k", i, i).ConfigureAwait(false);
        }
    }

    private static async Task Record_is_stored_only_at_the_expected_revision(LogUnderTest log)
    {
        Expect.True(!await PutAsync(log, "k", 1, ifRevision: 1).ConfigureAwait(false), "refused at 1 where there is none");
        Expect.True(await PutAsync(log, "k", 1, ifRevision: 0).ConfigureAwait(false), "stored at 0");
        foreach (var revision in new[] { 0, 2 }) Expect.True(!await PutAsync(log, "k", 9, revision).ConfigureAwait(false), $"refused at {revision}");
        await Has(log, "k", 1, 1).ConfigureAwait(false);
        Expect.True(await PutAsync(log, "k", 2, ifRevision: 1).ConfigureAwait(false), "stored at 1");
        await Has(log, "k", 2, 2).ConfigureAwait(false);
    }

    private static async Task Record_is_removed_only_at_the_expected_revision(LogUnderTest log)
    {
        await PutAsync(log, "k", 1).ConfigureAwait(false);
        foreach (var revision in new[] { 2, 3 }) Expect.True(!await RemoveAsync(log, "k", revision).ConfigureAwait(false), $"refused at {revision}");
        Expect.True(await RemoveAsync(log, "k", 1).ConfigureAwait(false), "removed at 1");
        Expect.Equal(null, await GetAsync(log, "k").ConfigureAwait(false), "record");
    }

    private static async Task Record_stored_again_after_removal_starts_at_1(LogUnderTest log)
    {
        await PutAsync(log, "k", 1).ConfigureAwait(false);
        await PutAsync(log, "k", 2).ConfigureAwait(false);
        await RemoveAsync(log, "k").ConfigureAwait(false);
        Expect.True(await PutAsync(log, "k", 3, ifRevision: 0).ConfigureAwait(false), "stored at 0");
        await Has(log, "k", 3, 1).ConfigureAwait(false);
    }

    private static async Task Record_kinds_are_separate(LogUnderTest log)
    {
        foreach (var kind in Enum.GetValues<RecordKind>()) await PutAsync(log, "k", (byte)kind, kind: kind).ConfigureAwait(false);
        foreach (var kind in Enum.GetValues<RecordKind>()) await Has(log, "k", (byte)kind, 1, kind).ConfigureAwait(false);
    }

    private static async Task Record_value_is_copied_and_may_be_empty(LogUnderTest log)
    {
        byte[] value = [1, 2, 3];
        await log.ChangeAsync(RecordChange.Put(RecordKind.View, "full", value), RecordChange.Put(RecordKind.View, "empty", default)).ConfigureAwait(false);
        value[0] = 9;
        var full = await GetAsync(log, "full", RecordKind.View).ConfigureAwait(false);
        Expect.Equal("010203", Convert.ToHexString(full!.Value.Span), "value");
        Expect.Equal(0, (await GetAsync(log, "empty", RecordKind.View).ConfigureAwait(false))!.Value.Length, "bytes of the empty value");
    }

    private static async Task Record_keys_are_compared_by_ordinal(LogUnderTest log)
    {
        string[] keys = ["k", "K", "é", "e\u0301", "k "];
        for (var i = 0; i < keys.Length; i++) await PutAsync(log, keys[i], (byte)i, ifRevision: 0).ConfigureAwait(false);
        for (var i = 0; i < keys.Length; i++) await Has(log, keys[i], (byte)i, 1).ConfigureAwait(false);
    }

    private static async Task InvalidKey(LogUnderTest log, string key)
    {
        await Expect.ThrowsAsync<ArgumentException>(() => PutAsync(log, key, 1), "the record").ConfigureAwait(false);
        Expect.Equal(0, (await log.RecordsAsync(RecordKind.Checkpoint).ConfigureAwait(false)).Count, "records");
    }

    private static async Task Record_with_a_key_of_512_bytes_is_stored(LogUnderTest log)
    {
        var key = new string('x', 508) + "😀";
        await PutAsync(log, key, 1).ConfigureAwait(false);
        await Has(log, key, 1, 1).ConfigureAwait(false);
    }

    private static async Task Range_of_records_is_in_utf8_order(LogUnderTest log)
    {
        string[] sorted = ["A", "a", "aa", "b", "é", "\uFF5E", "😀", "😀a"];
        foreach (var key in sorted.Reverse()) await PutAsync(log, key, 1).ConfigureAwait(false);
        Expect.Equal(sorted, await KeysAsync(log, "", null, 100).ConfigureAwait(false), "keys");
        Expect.Equal(sorted[5..], await KeysAsync(log, "\uFF5E", null, 100).ConfigureAwait(false), "keys from one in the private order");
    }

    private static async Task<string[]> KeysAsync(LogUnderTest log, string from, string? through, int max) =>
        [.. (await log.RecordsAsync(RecordKind.Checkpoint, from, through, max).ConfigureAwait(false)).Select(r => r.Key)];

    private static async Task Range_of_records_has_inclusive_bounds_and_a_maximum(LogUnderTest log)
    {
        foreach (var key in new[] { "b", "d", "c", "a" }) await PutAsync(log, key, 1).ConfigureAwait(false);
        await PutAsync(log, "c", 1, kind: RecordKind.Lease).ConfigureAwait(false);
        (string From, string? Through, int Max, string Expected)[] rows =
        [
            ("", null, 9, "abcd"), ("b", null, 9, "bcd"), ("bb", null, 9, "cd"), ("b", "c", 9, "bc"), ("b", "b", 9, "b"), ("b", "bz", 9, "b"),
            ("", null, 1, "a"), ("b", null, 2, "bc"), ("e", null, 9, ""), ("c", "b", 9, ""), ("", "a", 9, "a"), ("", "A", 9, ""),
        ];
        foreach (var (from, through, max, expected) in rows)
            Expect.Equal(expected, string.Concat(await KeysAsync(log, from, through, max).ConfigureAwait(false)), $"from '{from}' through '{through}', {max} at most");
    }

    private static async Task Page_of_records_ends_with_the_record_that_reaches_4_mebibytes(LogUnderTest log)
    {
        var value = new byte[1 << 20];
        for (var i = 0; i < 10; i++) await log.PutAsync(RecordKind.View, $"k{i}", value, 0).ConfigureAwait(false);
        var pages = new List<string>();
        for (var from = ""; ;)
        {
            var page = await log.Log.ReadRecordsAsync(RecordKind.View, from, "k~", 256, CancellationToken.None).ConfigureAwait(false);
            if (page.Count == 0) break;
            pages.Add(string.Join(' ', page.Select(r => r.Key)));
            from = page[^1].Key + " ";
        }

        Expect.Equal(["k0 k1 k2 k3", "k4 k5 k6 k7", "k8 k9"], pages, "the pages");
        var two = await log.Log.ReadRecordsAsync(RecordKind.View, "k3", null, 2, CancellationToken.None).ConfigureAwait(false);
        Expect.Equal(["k3", "k4"], two.Select(r => r.Key), "a page of two");
    }

    private static async Task Concurrent_compare_and_set_loses_no_update(LogUnderTest log)
    {
        const int perWorker = 10;
        await Make.TogetherAsync(8, async _ =>
        {
            for (var done = 0; done < perWorker;)
            {
                var before = await GetAsync(log, "n").ConfigureAwait(false);
                var next = (byte)((before?.Value.Span[0] ?? 0) + 1);
                if (await PutAsync(log, "n", next, before?.Revision ?? 0).ConfigureAwait(false)) done++;
            }

            return 0;
        }).ConfigureAwait(false);
        await Has(log, "n", 8 * perWorker, 8 * perWorker).ConfigureAwait(false);
    }
}
