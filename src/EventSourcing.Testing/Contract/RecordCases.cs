using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Records and transactions.</summary>
internal static class RecordCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Record_not_stored_is_not_found),
        ContractCase.Of(Record_counts_its_revisions_from_1),
        ContractCase.Of(Record_is_stored_only_at_the_expected_revision),
        ContractCase.Of(Record_is_removed_only_at_the_expected_revision),
        ContractCase.Of(Record_stored_again_after_removal_starts_at_1),
        ContractCase.Of(Record_kinds_are_apart),
        ContractCase.Of(Record_value_is_copied_and_may_be_empty),
        ContractCase.Of(Record_keys_are_told_apart_by_ordinal),
        .. new[] { "", "a\nb", "a\0", "a\uD800", new string('é', 257) }.Select((key, i) =>
            new ContractCase($"Record_with_invalid_key_{i + 1}_is_refused", log => InvalidKey(log, key))),
        ContractCase.Of(Record_with_a_key_of_512_bytes_is_stored),
        ContractCase.Of(Range_is_in_the_order_of_utf8),
        ContractCase.Of(Range_has_inclusive_bounds_and_a_maximum),
        ContractCase.Of(Page_of_records_ends_with_the_one_that_brings_it_to_4_mebibytes),
        ContractCase.Of(Compare_and_set_at_once_loses_no_update),
        ContractCase.Of(Transaction_returns_what_the_work_returns),
        ContractCase.Of(Transaction_sees_its_own_changes),
        ContractCase.Of(Transaction_that_throws_leaves_nothing),
        ContractCase.Of(Transaction_that_throws_gives_back_versions_ids_and_positions),
        ContractCase.Of(Transaction_goes_on_after_a_refused_append),
        ContractCase.Of(Transaction_commits_appends_and_records_together),
        ContractCase.Of(Transaction_is_dead_after_its_work),
        ContractCase.Of(Transactions_at_once_run_one_after_another),
        ContractCase.Of(Log_called_from_inside_its_transaction_refuses_and_stays_usable),
        ContractCase.Of(Log_read_from_inside_its_transaction_answers),
        ContractCase.Of(Transaction_is_refused_to_other_threads),
    ];

    private static Task<Record?> GetAsync(LogUnderTest log, string key, RecordKind kind = RecordKind.Checkpoint) =>
        log.TransactAsync(t => t.TryGet(kind, key, out var record) ? record : null);

    private static Task<bool> PutAsync(LogUnderTest log, string key, byte value, long? ifRevision = null, RecordKind kind = RecordKind.Checkpoint) =>
        log.TransactAsync(t => t.TryPut(kind, key, [value], ifRevision));

    private static Task<bool> RemoveAsync(LogUnderTest log, string key, long? ifRevision = null) =>
        log.TransactAsync(t => t.TryRemove(RecordKind.Checkpoint, key, ifRevision));

    private static async Task Has(LogUnderTest log, string key, byte value, long revision, RecordKind kind = RecordKind.Checkpoint)
    {
        var record = await GetAsync(log, key, kind).ConfigureAwait(false);
        Expect.Equal((key, value, revision), record is null ? default : (record.Key, record.Value.Span[0], record.Revision), $"record {key}");
    }

    private static async Task Record_not_stored_is_not_found(LogUnderTest log)
    {
        Expect.Equal(null, await GetAsync(log, "k").ConfigureAwait(false), "record");
        Expect.True(!await RemoveAsync(log, "k").ConfigureAwait(false), "nothing is removed");
        Expect.Equal(0, await log.TransactAsync(t => t.Range(RecordKind.Checkpoint, "", null, 10).Count).ConfigureAwait(false), "range");
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
        foreach (var revision in new[] { 0, 2 }) Expect.True(!await RemoveAsync(log, "k", revision).ConfigureAwait(false), $"refused at {revision}");
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

    private static async Task Record_kinds_are_apart(LogUnderTest log)
    {
        foreach (var kind in Enum.GetValues<RecordKind>()) await PutAsync(log, "k", (byte)kind, kind: kind).ConfigureAwait(false);
        foreach (var kind in Enum.GetValues<RecordKind>()) await Has(log, "k", (byte)kind, 1, kind).ConfigureAwait(false);
    }

    private static async Task Record_value_is_copied_and_may_be_empty(LogUnderTest log)
    {
        byte[] value = [1, 2, 3];
        await log.TransactAsync(t => t.TryPut(RecordKind.Document, "full", value, null) && t.TryPut(RecordKind.Document, "empty", [], null)).ConfigureAwait(false);
        value[0] = 9;
        var full = await GetAsync(log, "full", RecordKind.Document).ConfigureAwait(false);
        Expect.Equal("010203", Convert.ToHexString(full!.Value.Span), "value");
        Expect.Equal(0, (await GetAsync(log, "empty", RecordKind.Document).ConfigureAwait(false))!.Value.Length, "bytes of the empty value");
    }

    private static async Task Record_keys_are_told_apart_by_ordinal(LogUnderTest log)
    {
        string[] keys = ["k", "K", "é", "e\u0301", "k "];
        for (var i = 0; i < keys.Length; i++) await PutAsync(log, keys[i], (byte)i, ifRevision: 0).ConfigureAwait(false);
        for (var i = 0; i < keys.Length; i++) await Has(log, keys[i], (byte)i, 1).ConfigureAwait(false);
    }

    private static async Task InvalidKey(LogUnderTest log, string key)
    {
        await Expect.ThrowsAsync<ArgumentException>(() => PutAsync(log, key, 1), "the record").ConfigureAwait(false);
        Expect.Equal(0, await log.TransactAsync(t => t.Range(RecordKind.Checkpoint, "", null, 10).Count).ConfigureAwait(false), "records");
    }

    private static async Task Record_with_a_key_of_512_bytes_is_stored(LogUnderTest log)
    {
        var key = new string('x', 508) + "😀";
        await PutAsync(log, key, 1).ConfigureAwait(false);
        await Has(log, key, 1, 1).ConfigureAwait(false);
    }

    private static async Task Range_is_in_the_order_of_utf8(LogUnderTest log)
    {
        string[] sorted = ["A", "a", "aa", "b", "é", "\uFF5E", "😀", "😀a"];
        foreach (var key in sorted.Reverse()) await PutAsync(log, key, 1).ConfigureAwait(false);
        Expect.Equal(sorted, await KeysAsync(log, "", null, 100).ConfigureAwait(false), "keys");
        Expect.Equal(sorted[5..], await KeysAsync(log, "\uFF5E", null, 100).ConfigureAwait(false), "keys from one in the private order");
    }

    private static Task<string[]> KeysAsync(LogUnderTest log, string from, string? through, int max) =>
        log.TransactAsync(t => t.Range(RecordKind.Checkpoint, from, through, max).Select(r => r.Key).ToArray());

    private static async Task Range_has_inclusive_bounds_and_a_maximum(LogUnderTest log)
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

    private static async Task Page_of_records_ends_with_the_one_that_brings_it_to_4_mebibytes(LogUnderTest log)
    {
        var value = new byte[1 << 20];
        for (var i = 0; i < 10; i++) await log.TransactAsync(t => t.TryPut(RecordKind.Document, $"k{i}", value, 0)).ConfigureAwait(false);
        var pages = new List<string>();
        for (var from = ""; ;)
        {
            var page = await log.Log.ReadRecordsAsync(RecordKind.Document, from, "k~", 256, CancellationToken.None).ConfigureAwait(false);
            if (page.Count == 0) break;
            pages.Add(string.Join(' ', page.Select(r => r.Key)));
            from = page[^1].Key + " ";
        }

        Expect.Equal(["k0 k1 k2 k3", "k4 k5 k6 k7", "k8 k9"], pages, "the pages");
        var two = await log.Log.ReadRecordsAsync(RecordKind.Document, "k3", null, 2, CancellationToken.None).ConfigureAwait(false);
        Expect.Equal(["k3", "k4"], two.Select(r => r.Key), "a page of two");
    }

    private static async Task Compare_and_set_at_once_loses_no_update(LogUnderTest log)
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

    private static async Task Transaction_returns_what_the_work_returns(LogUnderTest log)
    {
        Expect.Equal("value", await log.TransactAsync(_ => "value").ConfigureAwait(false), "a reference");
        Expect.Equal(42, await log.TransactAsync(_ => 42).ConfigureAwait(false), "a value");
    }

    private static async Task Transaction_sees_its_own_changes(LogUnderTest log)
    {
        var seen = await log.TransactAsync(t =>
        {
            t.TryPut(RecordKind.Lease, "k", [1], 0);
            t.TryPut(RecordKind.Lease, "k", [2], 1);
            var first = t.Append(Make.Append("s", ExpectedVersion.NoStream, Make.Event()));
            var second = t.Append(Make.Append("s", ExpectedVersion.Exactly(1), Make.Event()));
            t.Append(Make.Tracked("source", 5, "s"));
            var tracked = t.TryGet(RecordKind.Tracking, "source", out var tracking) ? tracking.Value.Span[0] : 0;
            return t.TryGet(RecordKind.Lease, "k", out var record) ? (record.Revision, first.Version, second.Version, tracked) : default;
        }).ConfigureAwait(false);
        Expect.Equal((2L, 1L, 2L, 5), seen, "revision, versions, tracking");
    }

    private static async Task Transaction_that_throws_leaves_nothing(LogUnderTest log)
    {
        await PutAsync(log, "changed", 1).ConfigureAwait(false);
        await PutAsync(log, "removed", 1).ConfigureAwait(false);
        await log.AppendAsync("s", Make.Event("T", tags: "t:1")).ConfigureAwait(false);
        var before = await log.DescribeAsync().ConfigureAwait(false);
        await FailAsync(log, t =>
        {
            t.TryPut(RecordKind.Checkpoint, "changed", [2], null);
            t.TryPut(RecordKind.Checkpoint, "changed", [3], null);
            t.TryRemove(RecordKind.Checkpoint, "removed", null);
            t.TryPut(RecordKind.Checkpoint, "removed", [4], 0);
            t.TryPut(RecordKind.Checkpoint, "added", [1], null);
            t.Append(new LogAppend { Writes = Make.Writes(Make.Write("s", Make.Event("T", tags: "t:1")), Make.Write("new", Make.Event())), CommandId = "c", Tracking = new("source", 1) });
        }).ConfigureAwait(false);
        Expect.Equal(before, await log.DescribeAsync().ConfigureAwait(false), "the log");
        Expect.Equal([1L], (await log.ReadAsync(new AllRead { Query = LogQuery.All.Tagged("t", "1") }).ConfigureAwait(false)).Positions(), "events by tag");
        Expect.Equal(0, await log.VersionAsync("new").ConfigureAwait(false), "version of the new stream");
    }

    private static async Task FailAsync(LogUnderTest log, Action<ILogTransaction> work)
    {
        var failure = new InvalidTimeZoneException("the work's own");
        var thrown = await Expect.ThrowsAsync<InvalidTimeZoneException>(
            () => log.TransactAsync<int>(t =>
            {
                work(t);
                throw failure;
            }),
            "the transaction").ConfigureAwait(false);
        Expect.True(ReferenceEquals(failure, thrown), "the work's own exception is the call's");
    }

    private static async Task Transaction_that_throws_gives_back_versions_ids_and_positions(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        await FailAsync(log, t => t.Append(Make.Append("s", Make.WithIds(1, 2, 3)))).ConfigureAwait(false);
        var result = await log.AppendAsync("s", ExpectedVersion.Exactly(1), Make.WithIds(2, 1)).ConfigureAwait(false);
        Expect.Equal((2L, 3L, false), (result.FirstPosition.ToInt64(), result.Version, result.WasDuplicate), "result");
        Expect.Equal(["2", "1"], (await log.ReadStreamAsync("s").ConfigureAwait(false)).Skip(1).Texts(), "events");
        Expect.Equal(3, (await log.FindAsync(Make.Id(1)).ConfigureAwait(false))?.Position.ToInt64(), "position by id");
        Expect.Equal(null, await log.FindAsync(Make.Id(3)).ConfigureAwait(false), "an id given back");
    }

    private static async Task Transaction_goes_on_after_a_refused_append(LogUnderTest log)
    {
        await log.TransactAsync(t =>
        {
            t.Append(Make.Append("s", Make.Event()));
            try
            {
                t.Append(new LogAppend { Writes = Make.Writes(Make.Write("u", Make.Event()), new("s", ExpectedVersion.NoStream, Make.Numbered(1))), Tracking = new("source", 3) });
            }
            catch (WrongExpectedVersionException)
            {
                t.Append(Make.Append("s", ExpectedVersion.Exactly(1), Make.Event()));
            }

            return 0;
        }).ConfigureAwait(false);
        Expect.Equal((2L, 0L, 0L), (await log.VersionAsync("s").ConfigureAwait(false), await log.VersionAsync("u").ConfigureAwait(false), await log.TrackedAsync("source").ConfigureAwait(false)), "versions and tracking");
    }

    private static async Task Transaction_commits_appends_and_records_together(LogUnderTest log)
    {
        var position = await log.TransactAsync(t =>
        {
            var result = t.Append(Make.Append("s", Make.Numbered(3)));
            t.TryPut(RecordKind.Checkpoint, "p", [(byte)result.LastPosition.ToInt64()], 0);
            return result.LastPosition;
        }).ConfigureAwait(false);
        Expect.Equal(position.ToInt64(), await log.HeadAsync().ConfigureAwait(false), "head");
        await Has(log, "p", 3, 1).ConfigureAwait(false);
    }

    private static async Task Transaction_is_dead_after_its_work(LogUnderTest log)
    {
        var kept = await log.TransactAsync(t => t).ConfigureAwait(false);
        Action[] uses =
        [
            () => kept.TryGet(RecordKind.Lease, "k", out _), () => kept.TryPut(RecordKind.Lease, "k", [1], null), () => kept.TryRemove(RecordKind.Lease, "k", null),
            () => kept.Range(RecordKind.Lease, "", null, 1), () => kept.Append(Make.Append("s", Make.Event())),
        ];
        foreach (var use in uses) await Expect.ThrowsAsync<InvalidOperationException>(() => Task.Run(use), "a use after the end").ConfigureAwait(false);
        Expect.Equal(0, await log.HeadAsync().ConfigureAwait(false), "head");
    }

    private static async Task Transactions_at_once_run_one_after_another(LogUnderTest log)
    {
        var inside = 0;
        var most = await Make.TogetherAsync(8, _ => log.TransactAsync(t =>
        {
            var count = Interlocked.Increment(ref inside);
            t.Append(Make.Append("s", Make.Numbered(20)));
            Interlocked.Decrement(ref inside);
            return count;
        })).ConfigureAwait(false);
        Expect.Equal(1, most.Max(), "transactions at once");
    }

    // Not waited for inside: a log that lets the call in shows that by its answer, not by hanging.
    private static async Task Log_called_from_inside_its_transaction_refuses_and_stays_usable(LogUnderTest log)
    {
        var head = GlobalPosition.FromInt64(await log.HeadAsync().ConfigureAwait(false));
        Func<Task>[] calls =
        [
            () => log.AppendAsync("s", Make.Event()),
            () => log.TransactAsync(_ => 0),
            async () => await log.Log.TransactNativelyAsync(_ => 0, CancellationToken.None).ConfigureAwait(false),
            async () => await log.Log.WaitAsync(head, CancellationToken.None).ConfigureAwait(false),
            async () => await log.Log.DisposeAsync().ConfigureAwait(false),
        ];
        foreach (var isNative in new[] { false, true })
            for (var i = 0; i < calls.Length; i++)
            {
                var call = calls[i];
                // So that the task that is begun inside is returned as it is.
                Task[] Work(ILogTransaction transaction) => [call()];
                var begun = isNative
                    ? await log.Log.TransactNativelyAsync(Work, CancellationToken.None).ConfigureAwait(false)
                    : await log.TransactAsync(Work).ConfigureAwait(false);
                var refusal = await Expect.ThrowsAsync<InvalidOperationException>(() => begun[0].WaitAsync(Signal.Patience), $"call {i + 1} from inside").ConfigureAwait(false);
                Expect.True(refusal.Message.Contains("tx.Append", StringComparison.Ordinal), $"what to use instead: {refusal.Message}");
            }

        Expect.Equal(0L, await log.HeadAsync().ConfigureAwait(false), "head");
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        Expect.Equal(1L, await log.HeadAsync().ConfigureAwait(false), "head after an append");
    }

    private static async Task Log_read_from_inside_its_transaction_answers(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(2)).ConfigureAwait(false);
        var read = await log.TransactAsync(t =>
        {
            t.Append(Make.Append("s", Make.Event()));
            return log.ReadStreamAsync("s");
        }).ConfigureAwait(false);
        Expect.Equal(2, (await read.WaitAsync(Signal.Patience).ConfigureAwait(false)).Count, "events that were committed");
    }

    private static async Task Transaction_is_refused_to_other_threads(LogUnderTest log)
    {
        Action<ILogTransaction>[] uses =
        [
            t => t.TryPut(RecordKind.Tracking, "other", [], null),
            t => t.TryGet(RecordKind.Tracking, "own", out _),
            t => t.TryRemove(RecordKind.Tracking, "own", null),
            t => t.Range(RecordKind.Tracking, "", null, 1),
            t => t.Append(Make.Append("s", Make.Event())),
        ];
        foreach (var isNative in new[] { false, true })
        {
            var refused = 0;
            int Work(ILogTransaction transaction)
            {
                transaction.TryPut(RecordKind.Tracking, "own", [1], null);
                var other = new Thread(() =>
                {
                    foreach (var use in uses)
                    {
                        try
                        {
                            use(transaction);
                        }
                        catch (InvalidOperationException)
                        {
                            refused++;
                        }
                    }
                });
                other.Start();
                other.Join();
                transaction.Append(Make.Append("own", Make.Event()));
                return 0;
            }

            if (isNative) await log.Log.TransactNativelyAsync(Work, CancellationToken.None).ConfigureAwait(false);
            else await log.TransactAsync(Work).ConfigureAwait(false);
            Expect.Equal(uses.Length, refused, "calls that were refused");
        }

        Expect.Equal(2L, await log.HeadAsync().ConfigureAwait(false), "what the work itself appended");
        Expect.Equal(2, (await log.ReadStreamAsync("own").ConfigureAwait(false)).Count, "events of its stream");
        Expect.Equal(["own"], (await log.Log.ReadRecordsAsync(RecordKind.Tracking, "", null, 10, CancellationToken.None).ConfigureAwait(false)).Select(r => r.Key), "records");
    }
}
