using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Expected versions of writes and checks.</summary>
internal static class VersionCases
{
    private static readonly (string Name, ExpectedVersion Expected, bool PassesWhenNew, bool PassesAt3)[] Table =
    [
        ("any", ExpectedVersion.Any, true, true),
        ("no_stream", ExpectedVersion.NoStream, true, false),
        ("stream_exists", ExpectedVersion.StreamExists, false, true),
        ("version_0", ExpectedVersion.Exactly(0), true, false),
        ("version_2_which_is_too_low", ExpectedVersion.Exactly(2), false, false),
        ("version_3_which_is_right", ExpectedVersion.Exactly(3), false, true),
        ("version_4_which_is_too_high", ExpectedVersion.Exactly(4), false, false),
    ];

    internal static IEnumerable<ContractCase> All =>
    [
        .. Table.SelectMany(row => Cases(row.Name, row.Expected, 0, row.PassesWhenNew).Concat(Cases(row.Name, row.Expected, 3, row.PassesAt3))),
        ContractCase.Of(All_failing_streams_are_reported_with_writes_first),
        ContractCase.Of(One_bad_check_writes_nothing),
        ContractCase.Of(Checked_stream_is_not_changed),
        ContractCase.Of(Same_failure_is_reported_once),
    ];

    private static IEnumerable<ContractCase> Cases(string name, ExpectedVersion expected, int version, bool passes)
    {
        var state = version == 0 ? "new_stream" : "stream_at_3";
        var verdict = passes ? "passes" : "is_refused";
        yield return new($"Write_expecting_{name}_on_{state}_{verdict}", log => Judge(log, Make.Append("s", expected, Make.Event()), version, expected, passes));
        yield return new($"Check_expecting_{name}_on_{state}_{verdict}", log => Judge(log, Checked("s", expected), version, expected, passes));
        yield return new($"Check_with_command_alone_expecting_{name}_on_{state}_{verdict}", log =>
            Judge(log, new LogAppend { CommandId = "c", Checks = new StreamCheck[] { new("s", expected) } }, version, expected, passes));
    }

    private static LogAppend Checked(StreamId stream, ExpectedVersion expected) => new()
    {
        Writes = Make.Writes(Make.Write("other", Make.Event())),
        Checks = new StreamCheck[] { new(stream, expected) },
    };

    private static async Task Judge(LogUnderTest log, LogAppend append, int version, ExpectedVersion expected, bool passes)
    {
        if (version > 0) await log.AppendAsync("s", Make.Numbered(version)).ConfigureAwait(false);
        if (passes)
        {
            var result = await log.AppendAsync(append).ConfigureAwait(false);
            Expect.Equal((append.Count, false), (result.Count, result.WasDuplicate), "result");
            Expect.Equal(version + append.Count, await log.HeadAsync().ConfigureAwait(false), "head");
            return;
        }

        var refusal = await log.RefusesAsync<WrongExpectedVersionException>(append).ConfigureAwait(false);
        Expect.Equal([new("s", expected, version)], refusal.Mismatches, "mismatches");
    }

    private static async Task All_failing_streams_are_reported_with_writes_first(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(2)).ConfigureAwait(false);
        var refusal = await log.RefusesAsync<WrongExpectedVersionException>(new LogAppend
        {
            Writes = Make.Writes(new("b", ExpectedVersion.Exactly(1), Make.Numbered(1)), new("a", ExpectedVersion.NoStream, Make.Numbered(1)), Make.Write("c", Make.Event())),
            Checks = new StreamCheck[] { new("d", ExpectedVersion.StreamExists), new("a", ExpectedVersion.Exactly(2)), new("a", ExpectedVersion.Exactly(7)) },
        }).ConfigureAwait(false);
        Expect.Equal(
            [new("b", ExpectedVersion.Exactly(1), 0), new("a", ExpectedVersion.NoStream, 2), new("d", ExpectedVersion.StreamExists, 0), new("a", ExpectedVersion.Exactly(7), 2)],
            refusal.Mismatches,
            "mismatches");
    }

    private static async Task One_bad_check_writes_nothing(LogUnderTest log)
    {
        var writes = Enumerable.Range(0, 5).Select(i => Make.Write($"s-{i}", Make.Numbered(3))).ToArray();
        await log.RefusesAsync<WrongExpectedVersionException>(new LogAppend
        {
            Writes = writes,
            Checks = new StreamCheck[] { new("s-0", ExpectedVersion.NoStream), new("other", ExpectedVersion.StreamExists) },
            CommandId = "c",
            Tracking = new("source", 1),
        }).ConfigureAwait(false);
    }

    private static async Task Checked_stream_is_not_changed(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(2)).ConfigureAwait(false);
        await log.AppendAsync(Checked("a", ExpectedVersion.Exactly(2))).ConfigureAwait(false);
        await log.AppendAsync(Checked("never", ExpectedVersion.NoStream)).ConfigureAwait(false);
        Expect.Equal((2L, 0L), (await log.VersionAsync("a").ConfigureAwait(false), await log.VersionAsync("never").ConfigureAwait(false)), "versions");
    }

    private static async Task Same_failure_is_reported_once(LogUnderTest log)
    {
        var exists = ExpectedVersion.StreamExists;
        var refusal = await log.RefusesAsync<WrongExpectedVersionException>(new LogAppend
        {
            Writes = Make.Writes(new("a", exists, Make.Numbered(1)), new("a", exists, Make.Numbered(1))),
            Checks = new StreamCheck[] { new("a", exists) },
        }).ConfigureAwait(false);
        Expect.Equal([new("a", exists, 0)], refusal.Mismatches, "mismatches");
    }
}
