using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Writes of several parts: requirements, appends and changes in one transaction, and their refusals.</summary>
internal static class WriteCases
{
    private static readonly byte[] One = [1], Two = [2];

    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Write_stores_appends_and_changes_together),
        ContractCase.Of(Write_returns_a_result_for_each_append_and_each_change),
        ContractCase.Of(Appends_of_a_write_see_those_before_them),
        ContractCase.Of(Changes_of_a_write_see_earlier_changes_and_the_appends),
        ContractCase.Of(Requirement_on_a_revision_is_met_by_that_revision_only),
        ContractCase.Of(Requirement_of_absence_is_met_by_no_record_only),
        ContractCase.Of(Requirement_on_the_first_bytes_ignores_the_bytes_after_them),
        ContractCase.Of(Unmet_requirement_refuses_the_whole_write),
        ContractCase.Of(Requirements_are_checked_before_the_appends_and_changes_of_the_write),
        ContractCase.Of(Refused_append_refuses_the_whole_write_with_its_error),
        ContractCase.Of(Refused_write_uses_no_versions_ids_or_positions),
        ContractCase.Of(Refused_change_refuses_the_whole_write),
        ContractCase.Of(Optional_change_is_skipped_alone),
        ContractCase.Of(Removal_without_a_revision_is_never_refused),
        ContractCase.Of(First_refusal_in_the_order_of_the_write_is_reported),
        ContractCase.Of(Append_over_the_limits_refuses_the_write_with_its_error),
        ContractCase.Of(Duplicate_append_is_no_refusal),
        ContractCase.Of(Requirements_alone_are_checked),
        ContractCase.Of(Misuse_of_a_write_names_what_is_wrong_and_writes_nothing),
        ContractCase.Of(Invalid_revisions_are_refused_where_they_are_given),
        ContractCase.Of(Cancelled_write_writes_nothing),
        ContractCase.Of(Refused_writes_do_not_affect_others_of_their_group_commit),
        ContractCase.Of(Concurrent_writes_lose_no_update),
        ContractCase.Of(Memory_of_a_write_can_be_reused),
    ];

    private static RecordChange Put(string key, byte[] value, long? ifRevision = null) => RecordChange.Put(RecordKind.Checkpoint, key, value, ifRevision);

    private static RecordRequirement StartsWith(string key, params byte[] prefix) => RecordRequirement.StartsWith(RecordKind.Checkpoint, key, prefix);

    /// <summary>Asserts that one of its parts refuses a write and that nothing of it is stored.</summary>
    private static async Task<EventSourcingException?> RefusesAsync(LogUnderTest log, LogWrite write, LogRefusalKind kind, int index, string what)
    {
        var before = await log.DescribeAsync().ConfigureAwait(false);
        var written = await log.WriteAsync(write).ConfigureAwait(false);
        Expect.Equal($"{kind} {index}", written.Refusal is { } refusal ? $"{refusal.Kind} {refusal.Index}" : "stored", what);
        Expect.Equal((0, 0), (written.Appends.Count, written.Changed.Count), $"results, {what}");
        Expect.Equal(before, await log.DescribeAsync().ConfigureAwait(false), $"the log, {what}");
        return written.Refusal!.Error;
    }

    private static async Task StoresAsync(LogUnderTest log, LogWrite write, string what) =>
        Expect.Equal(null, (await log.WriteAsync(write).ConfigureAwait(false)).Refusal?.ToString(), what);

    private static async Task Write_stores_appends_and_changes_together(LogUnderTest log)
    {
        await log.PutAsync(RecordKind.Checkpoint, "gone", One).ConfigureAwait(false);
        await StoresAsync(log, new()
        {
            Requirements = [StartsWith("gone", 1)],
            Appends = [Make.Append("s", Make.Numbered(3)), Make.Append("t", Make.Event())],
            Changes = [Put("p", Two, 0), RecordChange.Remove(RecordKind.Checkpoint, "gone", 1)],
        }, "the write").ConfigureAwait(false);
        Expect.Equal((4L, 3L, 1L), (await log.HeadAsync().ConfigureAwait(false), await log.VersionAsync("s").ConfigureAwait(false), await log.VersionAsync("t").ConfigureAwait(false)), "head and versions");
        Expect.Equal(["p"], (await log.RecordsAsync(RecordKind.Checkpoint).ConfigureAwait(false)).Select(r => r.Key), "records");
    }

    private static async Task Write_returns_a_result_for_each_append_and_each_change(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        var written = await log.WriteAsync(new()
        {
            Appends = [Make.Append("s", Make.Numbered(2)), Make.Append("t", Make.Event())],
            Changes = [Put("a", One), Put("a", Two, 7).OrSkip(), RecordChange.Remove(RecordKind.Checkpoint, "b"), RecordChange.Remove(RecordKind.Checkpoint, "a")],
        }).ConfigureAwait(false);
        Expect.Equal([(2L, 3L, 3L), (4L, 4L, 1L)], written.Appends.Select(r => (r.FirstPosition.ToInt64(), r.LastPosition.ToInt64(), r.Version)), "positions and versions");
        Expect.Equal([true, false, false, true], written.Changed, "what was changed");
    }

    private static async Task Appends_of_a_write_see_those_before_them(LogUnderTest log)
    {
        var written = await log.WriteAsync(new()
        {
            Appends =
            [
                Make.Append("s", ExpectedVersion.NoStream, Make.WithIds(1)),
                Make.Append("s", ExpectedVersion.Exactly(1), Make.WithIds(2)),
                Make.Append("s", ExpectedVersion.Any, Make.WithIds(1)),
                Make.Tracked("source", 5, "s"),
                Make.Tracked("source", 5, "s", Make.Event()),
                Make.Command("c", 1, "s", Make.Event()),
                Make.Command("c", 1, "s", Make.Event()),
            ],
        }).ConfigureAwait(false);
        Expect.Equal([false, false, true, false, true, false, true], written.Appends.Select(r => r.WasDuplicate), "duplicates");
        Expect.Equal((3L, 5L), (await log.VersionAsync("s").ConfigureAwait(false), await log.TrackedAsync("source").ConfigureAwait(false)), "version and tracking");
    }

    private static async Task Changes_of_a_write_see_earlier_changes_and_the_appends(LogUnderTest log)
    {
        await StoresAsync(log, new()
        {
            Appends = [Make.Tracked("source", 5, "s")],
            Changes =
            [
                Put("k", One, 0), Put("k", Two, 1), RecordChange.Remove(RecordKind.Checkpoint, "k", 2), Put("k", One, 0),
                RecordChange.Remove(RecordKind.Tracking, "source", 1),
            ],
        }, "the write").ConfigureAwait(false);
        Expect.Equal(1L, (await log.FindRecordAsync(RecordKind.Checkpoint, "k").ConfigureAwait(false))?.Revision, "revision");
        Expect.Equal(0L, await log.TrackedAsync("source").ConfigureAwait(false), "tracking");
    }

    private static async Task Requirement_on_a_revision_is_met_by_that_revision_only(LogUnderTest log)
    {
        LogWrite At(long revision) => new() { Requirements = [RecordRequirement.AtRevision(RecordKind.Lease, "k", revision)], Changes = [Put("c", One)] };
        await RefusesAsync(log, At(1), LogRefusalKind.Requirement, 0, "no record").ConfigureAwait(false);
        await log.PutAsync(RecordKind.Lease, "k", One).ConfigureAwait(false);
        await StoresAsync(log, At(1), "revision 1").ConfigureAwait(false);
        await RefusesAsync(log, At(2), LogRefusalKind.Requirement, 0, "a lower one").ConfigureAwait(false);
        await log.PutAsync(RecordKind.Lease, "k", One).ConfigureAwait(false);
        await RefusesAsync(log, At(1), LogRefusalKind.Requirement, 0, "a higher one").ConfigureAwait(false);
        await StoresAsync(log, At(2), "revision 2").ConfigureAwait(false);
    }

    private static async Task Requirement_of_absence_is_met_by_no_record_only(LogUnderTest log)
    {
        LogWrite write = new() { Requirements = [RecordRequirement.Absent(RecordKind.Lease, "k")], Changes = [Put("k", One)] };
        await StoresAsync(log, write, "no record, but one of another kind").ConfigureAwait(false);
        await log.PutAsync(RecordKind.Lease, "k", Array.Empty<byte>()).ConfigureAwait(false);
        await RefusesAsync(log, write, LogRefusalKind.Requirement, 0, "an empty record").ConfigureAwait(false);
        await log.ChangeAsync(RecordChange.Remove(RecordKind.Lease, "k")).ConfigureAwait(false);
        await StoresAsync(log, write, "removed").ConfigureAwait(false);
    }

    private static async Task Requirement_on_the_first_bytes_ignores_the_bytes_after_them(LogUnderTest log)
    {
        LogWrite Begins(params byte[] prefix) => new() { Requirements = [StartsWith("k", prefix)], Changes = [RecordChange.Put(RecordKind.View, "c", One)] };
        await RefusesAsync(log, Begins(), LogRefusalKind.Requirement, 0, "no record").ConfigureAwait(false);
        await log.PutAsync(RecordKind.Checkpoint, "k", new byte[] { 1, 2, 3 }).ConfigureAwait(false);
        foreach (var prefix in new byte[][] { [], [1], [1, 2], [1, 2, 3] }) await StoresAsync(log, Begins(prefix), Convert.ToHexString(prefix)).ConfigureAwait(false);
        foreach (var prefix in new byte[][] { [2], [1, 3], [1, 2, 3, 0], [1, 2, 3, 4] })
            await RefusesAsync(log, Begins(prefix), LogRefusalKind.Requirement, 0, Convert.ToHexString(prefix)).ConfigureAwait(false);
    }

    private static async Task Unmet_requirement_refuses_the_whole_write(LogUnderTest log)
    {
        await log.PutAsync(RecordKind.Checkpoint, "k", One).ConfigureAwait(false);
        await RefusesAsync(log, new()
        {
            Requirements = [StartsWith("k", 1), RecordRequirement.Absent(RecordKind.Lease, "none"), StartsWith("k", 2), StartsWith("none")],
            Appends = [Make.Append("s", Make.Event()), new LogAppend { CommandId = "c", Tracking = new("source", 1) }],
            Changes = [Put("k", Two), Put("new", One).OrSkip()],
        }, LogRefusalKind.Requirement, 2, "the third").ConfigureAwait(false);
    }

    private static Task Requirements_are_checked_before_the_appends_and_changes_of_the_write(LogUnderTest log) => RefusesAsync(log, new()
    {
        Requirements = [RecordRequirement.AtRevision(RecordKind.Tracking, "source", 1)],
        Appends = [Make.Tracked("source", 1, "s")],
    }, LogRefusalKind.Requirement, 0, "what the append itself would make true");

    private static async Task Refused_append_refuses_the_whole_write_with_its_error(LogUnderTest log)
    {
        await log.AppendAsync(Make.Command("known", 1, "s", Make.WithIds(1))).ConfigureAwait(false);
        await log.PutAsync(RecordKind.Checkpoint, "k", One).ConfigureAwait(false);
        (LogAppend Append, Type Error)[] rows =
        [
            (Make.Append("s", ExpectedVersion.NoStream, Make.Event()), typeof(WrongExpectedVersionException)),
            (Make.If(LogQuery.All, 0, "s", Make.Event()), typeof(AppendConditionFailedException)),
            (Make.If(LogQuery.All, 99, "s", Make.Event()), typeof(PositionOutOfRangeException)),
            (Make.Command("known", 2, "s", Make.Event()), typeof(CommandIdConflictException)),
            (Make.Append("t", Make.WithIds(1)), typeof(DuplicateEventException)),
        ];
        foreach (var (append, error) in rows)
        {
            var refusal = await RefusesAsync(log, new()
            {
                Appends = [Make.Append("t", Make.Event("T", tags: "t:1")), new LogAppend { CommandId = "c", Tracking = new("source", 1) }, append, Make.Append("u", Make.Event())],
                Changes = [Put("k", Two), Put("new", One).OrSkip(), RecordChange.Remove(RecordKind.Checkpoint, "k")],
            }, LogRefusalKind.Append, 2, error.Name).ConfigureAwait(false);
            Expect.Equal(error, refusal?.GetType(), "the error");
        }

        Expect.Equal(0, (await log.ReadAsync(new AllRead { Query = LogQuery.All.Tagged("t", "1") }).ConfigureAwait(false)).Count, "events by tag");
        Expect.Equal((0L, 0L), (await log.VersionAsync("t").ConfigureAwait(false), await log.VersionAsync("u").ConfigureAwait(false)), "versions of the new streams");
    }

    private static async Task Refused_write_uses_no_versions_ids_or_positions(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        await RefusesAsync(log, new() { Appends = [Make.Append("s", Make.WithIds(1, 2, 3))], Changes = [Put("k", One, 5)] }, LogRefusalKind.Change, 0, "the change").ConfigureAwait(false);
        var result = await log.AppendAsync("s", ExpectedVersion.Exactly(1), Make.WithIds(2, 1)).ConfigureAwait(false);
        Expect.Equal((2L, 3L, false), (result.FirstPosition.ToInt64(), result.Version, result.WasDuplicate), "result");
        Expect.Equal(["2", "1"], (await log.ReadStreamAsync("s").ConfigureAwait(false)).Skip(1).Texts(), "events");
        Expect.Equal(3, (await log.FindAsync(Make.Id(1)).ConfigureAwait(false))?.Position.ToInt64(), "position by id");
        Expect.Equal(null, await log.FindAsync(Make.Id(3)).ConfigureAwait(false), "an id given back");
    }

    private static async Task Refused_change_refuses_the_whole_write(LogUnderTest log)
    {
        await log.PutAsync(RecordKind.Checkpoint, "k", One).ConfigureAwait(false);
        RecordChange[] refused = [Put("k", Two, 0), Put("k", Two, 2), Put("none", Two, 1), RecordChange.Remove(RecordKind.Checkpoint, "k", 2), RecordChange.Remove(RecordKind.Checkpoint, "none", 1)];
        foreach (var change in refused)
            await RefusesAsync(log, new() { Appends = [Make.Append("s", Make.Event())], Changes = [Put("new", One, 0), Put("k", Two, 3).OrSkip(), change, Put("late", One)] }, LogRefusalKind.Change, 2, change.ToString()).ConfigureAwait(false);
    }

    private static async Task Optional_change_is_skipped_alone(LogUnderTest log)
    {
        await log.PutAsync(RecordKind.Checkpoint, "k", One).ConfigureAwait(false);
        var written = await log.WriteAsync(new()
        {
            Appends = [Make.Append("s", Make.Event())],
            Changes = [Put("k", Two, 9).OrSkip(), Put("k", Two, 1).OrSkip(), RecordChange.Remove(RecordKind.Checkpoint, "none", 1).OrSkip(), Put("new", One, 0)],
        }).ConfigureAwait(false);
        Expect.Equal([false, true, false, true], written.Changed, "what was changed");
        Expect.Equal((1L, 2L), (await log.HeadAsync().ConfigureAwait(false), (await log.FindRecordAsync(RecordKind.Checkpoint, "k").ConfigureAwait(false))!.Revision), "head and revision");
    }

    private static async Task Removal_without_a_revision_is_never_refused(LogUnderTest log)
    {
        var written = await log.ChangeAsync(RecordChange.Remove(RecordKind.Lease, "none"), RecordChange.Put(RecordKind.Lease, "k", One)).ConfigureAwait(false);
        Expect.Equal([false, true], written.Changed, "what was changed");
    }

    private static async Task First_refusal_in_the_order_of_the_write_is_reported(LogUnderTest log)
    {
        var (requirement, append, change) = (StartsWith("none"), Make.Append("s", ExpectedVersion.StreamExists, Make.Event()), Put("k", One, 4));
        await RefusesAsync(log, new() { Requirements = [requirement], Appends = [append], Changes = [change] }, LogRefusalKind.Requirement, 0, "all").ConfigureAwait(false);
        await RefusesAsync(log, new() { Appends = [append], Changes = [change] }, LogRefusalKind.Append, 0, "append and change").ConfigureAwait(false);
        await RefusesAsync(log, new() { Changes = [change] }, LogRefusalKind.Change, 0, "the change").ConfigureAwait(false);
    }

    private static async Task Append_over_the_limits_refuses_the_write_with_its_error(LogUnderTest log)
    {
        var limits = new LogLimits();
        (LogAppend Append, Type Error)[] rows =
        [
            (Make.Append("s", Make.Sized(limits.MaxEventBytes + 1)), typeof(EventTooLargeException)),
            (Make.Append("s", Make.WithIds(1, 1)), typeof(DuplicateEventException)),
            (Make.Append("s", Make.Event(tags: ["t:1", "t:1"])), typeof(InvalidEventException)),
        ];
        foreach (var (append, error) in rows)
            Expect.Equal(error, (await RefusesAsync(log, new() { Appends = [Make.Append("s", Make.Event()), append] }, LogRefusalKind.Append, 1, error.Name).ConfigureAwait(false))?.GetType(), "the error");
    }

    private static async Task Duplicate_append_is_no_refusal(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.WithIds(1)).ConfigureAwait(false);
        var written = await log.WriteAsync(new() { Appends = [Make.Append("s", Make.WithIds(1))], Changes = [Put("k", One)] }).ConfigureAwait(false);
        Expect.Equal((true, true), (written.Appends[0].WasDuplicate, written.Changed[0]), "a duplicate, and the change");
    }

    private static async Task Requirements_alone_are_checked(LogUnderTest log)
    {
        await log.PutAsync(RecordKind.Checkpoint, "k", One).ConfigureAwait(false);
        await StoresAsync(log, new() { Requirements = [StartsWith("k", 1)] }, "met").ConfigureAwait(false);
        await RefusesAsync(log, new() { Requirements = [StartsWith("k", 2)] }, LogRefusalKind.Requirement, 0, "not met").ConfigureAwait(false);
    }

    private static async Task Misuse_of_a_write_names_what_is_wrong_and_writes_nothing(LogUnderTest log)
    {
        var before = await log.DescribeAsync().ConfigureAwait(false);
        var tooLong = new string('é', 257);
        (LogWrite Write, string Named)[] rows =
        [
            (new(), "empty"),
            (LogWrite.Empty, "empty"),
            (new() { Requirements = null! }, "null"),
            (new() { Appends = null! }, "null"),
            (new() { Changes = null! }, "null"),
            (new() { Requirements = [default] }, "Requirement 0"),
            (new() { Changes = [Put("k", One), default] }, "Change 1"),
            (new() { Appends = [Make.Append("s", Make.Event()), null!] }, "Append 1"),
            (new() { Appends = [new LogAppend()] }, "empty"),
            (new() { Appends = [Make.Append("s", Make.Event("a\nb"))] }, "event type"),
            (new() { Requirements = [StartsWith(tooLong)] }, "514"),
            (new() { Changes = [Put(tooLong, One)] }, "514"),
            (new() { Changes = [RecordChange.Remove(RecordKind.Lease, "")] }, "empty"),
            (new() { Changes = [RecordChange.Put((RecordKind)99, "k", One)] }, "99"),
            (new() { Requirements = [RecordRequirement.Absent((RecordKind)99, "k")] }, "99"),
        ];
        foreach (var (write, named) in rows)
        {
            var misuse = await Expect.ThrowsAsync<ArgumentException>(() => log.WriteAsync(write), named).ConfigureAwait(false);
            Expect.True(misuse.Message.Contains(named, StringComparison.Ordinal), $"'{misuse.Message}' names {named}");
        }

        Expect.Equal(before, await log.DescribeAsync().ConfigureAwait(false), "the log");
    }

    private static async Task Invalid_revisions_are_refused_where_they_are_given(LogUnderTest log)
    {
        Func<object>[] calls =
        [
            () => Put("k", One, -1), () => RecordChange.Remove(RecordKind.Lease, "k", 0), () => RecordChange.Remove(RecordKind.Lease, "k", -1),
            () => RecordRequirement.AtRevision(RecordKind.Lease, "k", 0),
        ];
        foreach (var call in calls) await Expect.ThrowsAsync<ArgumentOutOfRangeException>(() => Task.FromResult(call()), "the revision").ConfigureAwait(false);
        Expect.Equal(0, await log.HeadAsync().ConfigureAwait(false), "head");
    }

    private static async Task Cancelled_write_writes_nothing(LogUnderTest log)
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync().ConfigureAwait(false);
        LogWrite write = new() { Appends = [Make.Append("s", Make.Event())], Changes = [Put("k", One)] };
        await Expect.ThrowsAsync<OperationCanceledException>(async () => await log.Log.WriteAsync(write, source.Token).ConfigureAwait(false), "the write").ConfigureAwait(false);
        Expect.Equal((0L, 0), (await log.HeadAsync().ConfigureAwait(false), (await log.RecordsAsync(RecordKind.Checkpoint).ConfigureAwait(false)).Count), "head and records");
    }

    private static async Task Refused_writes_do_not_affect_others_of_their_group_commit(LogUnderTest log)
    {
        const int perWorker = 20;
        var stored = await Make.TogetherAsync(8, async worker =>
        {
            var count = 0;
            for (var i = 0; i < perWorker; i++)
            {
                var isRefused = (i + worker) % 2 == 0;
                var written = await log.WriteAsync(new()
                {
                    Appends = [Make.Append($"s-{worker}", Make.Event()), Make.Append("all", Make.Event())],
                    Changes = [Put($"{worker}-{i}", One, isRefused ? 3 : 0)],
                }).ConfigureAwait(false);
                Expect.Equal(isRefused, written.Refusal is not null, "refused");
                if (!isRefused) count++;
                await log.AppendAsync("plain", Make.Event()).ConfigureAwait(false);
            }

            return count;
        }).ConfigureAwait(false);
        Expect.Equal(8L * perWorker / 2, await log.VersionAsync("all").ConfigureAwait(false), "events of all");
        Expect.Equal(8L * perWorker, await log.VersionAsync("plain").ConfigureAwait(false), "events appended alone");
        for (var worker = 0; worker < 8; worker++) Expect.Equal(stored[worker], await log.VersionAsync($"s-{worker}").ConfigureAwait(false), "events of a worker");
        Expect.Equal(8 * perWorker / 2, (await log.RecordsAsync(RecordKind.Checkpoint).ConfigureAwait(false)).Count, "records");
        Expect.Equal(Make.CountTo((8 * perWorker / 2 * 2) + (8 * perWorker)), (await log.ReadAllAsync().ConfigureAwait(false)).Positions(), "positions");
    }

    private static async Task Concurrent_writes_lose_no_update(LogUnderTest log)
    {
        const int perWorker = 10;
        await Make.TogetherAsync(8, async _ =>
        {
            for (var done = 0; done < perWorker;)
            {
                var before = await log.FindRecordAsync(RecordKind.Checkpoint, "n").ConfigureAwait(false);
                var next = (byte)((before?.Value.Span[0] ?? 0) + 1);
                var written = await log.WriteAsync(new() { Appends = [Make.Append("n", ExpectedVersion.Exactly(next - 1), Make.Event())], Changes = [Put("n", [next], before?.Revision ?? 0)] }).ConfigureAwait(false);
                if (written.Refusal is null) done++;
            }

            return 0;
        }).ConfigureAwait(false);
        var last = await log.FindRecordAsync(RecordKind.Checkpoint, "n").ConfigureAwait(false);
        Expect.Equal((8 * perWorker, (long)8 * perWorker, (long)8 * perWorker), (last!.Value.Span[0], last.Revision, await log.VersionAsync("n").ConfigureAwait(false)), "value, revision and version");
    }

    private static async Task Memory_of_a_write_can_be_reused(LogUnderTest log)
    {
        byte[] value = [1, 2];
        var changes = new List<RecordChange> { Put("k", value) };
        LogWrite write = new() { Changes = changes };
        await StoresAsync(log, write, "the first").ConfigureAwait(false);
        value[0] = 9;
        changes.Clear();
        changes.Add(Put("other", value));
        await StoresAsync(log, write, "the second").ConfigureAwait(false);
        Expect.Equal(["0102", "0902"], (await log.RecordsAsync(RecordKind.Checkpoint).ConfigureAwait(false)).Select(r => Convert.ToHexString(r.Value.Span)), "values");
    }
}
