using System.Text;
using CsCheck;
using EventSourcing.Storage;

namespace EventSourcing.Tests.Shared;

/// <summary>Random appends on a log and on the model: the same outcomes in the same order, at once in some order.</summary>
internal static class ModelChecks
{
    private static readonly LogQuery[] Queries =
    [
        LogQuery.All, LogQuery.OfTypes("A"), LogQuery.All.Tagged("t", "1"), LogQuery.OfTypes("B").Tagged("t", "2"), LogQuery.All.Tagged("t", "1").Tagged("t", "2"),
        LogQuery.All.InStream("s-1"), LogQuery.All.InCategory("s"), LogQuery.OfTypes("A", "B").InCategory("u").Or(LogQuery.All.Tagged("t", "2")), LogQuery.OfTypes("None"),
    ];

    private static readonly Gen<StreamId> Streams = Gen.Int[0, 2].Select(i => new StreamId[] { "s-1", "s-2", "u-1" }[i]);

    private static readonly Gen<ExpectedVersion> Expectations = Gen.Frequency(
        (6, Gen.Const(ExpectedVersion.Any)), (1, Gen.Const(ExpectedVersion.NoStream)), (1, Gen.Const(ExpectedVersion.StreamExists)), (2, Gen.Long[0, 6].Select(ExpectedVersion.Exactly)));

    // Mostly the id decides the content, so that repeats happen as well as clashes.
    private static readonly Gen<LogEvent> Events = Gen.Select(Gen.Int[-6, 6], Gen.Int[0, 9], Gen.Int[0, 3], (id, content, tags) => new LogEvent
    {
        Id = id <= 0 ? null : new Guid(id, 0, 0, new byte[8]),
        Type = (content == 0 ? id + 1 : id) % 2 == 0 ? "A" : "B",
        Data = Encoding.UTF8.GetBytes($"{(content == 1 ? id + 1 : id)}"),
        Tags = tags == 0 ? null : [.. new[] { new Tag("t", "1"), new Tag("t", "2") }.Where((_, bit) => (tags >> bit & 1) == 1)],
    });

    private static readonly Gen<StreamWrite> Writes = Gen.Select(Streams, Expectations, Events.Array[0, 3], (s, v, e) => new StreamWrite(s, v, e));

    private static readonly Gen<AppendCondition?> Conditions = Gen.Frequency(
        (3, Gen.Const((AppendCondition?)null)),
        (1, Gen.Select(Gen.Int[0, Queries.Length - 1].Select(i => Queries[i]), Gen.Long[0, 12], (q, after) => (AppendCondition?)new(q, GlobalPosition.FromInt64(after)))));

    private static readonly Gen<LogAppend> Appends = Gen.Select(
        Writes.Array[0, 3], Gen.Select(Streams, Expectations, (s, v) => new StreamCheck(s, v)).Array[0, 1], Conditions, Gen.Int[-6, 2], Gen.Int[0, 2], Gen.Int[-8, 6],
        (writes, checks, condition, command, fingerprint, tracking) => new LogAppend
        {
            Writes = writes,
            Checks = checks,
            Condition = condition,
            CommandId = command > 0 ? $"c{command}" : null,
            Fingerprint = command > 0 && fingerprint > 0 ? new[] { (byte)fingerprint } : default,
            Tracking = tracking > 0 ? new("source", tracking) : null,
        }).Where(append => append.Count > 0 || append.CommandId is not null || append.Tracking is not null);

    /// <summary>One after another: every outcome and every read is the model's.</summary>
    internal static Task AgreesWithModelAsync(Func<ValueTask<IEventLog>> open, int iterations) =>
        Appends.Array[1, 25].SampleAsync(
            async appends =>
            {
                await using var log = await open();
                var model = new ModelLog();
                foreach (var append in appends) Equal(model.Append(append), await OutcomeAsync(log, append));
                foreach (var query in Queries) await ReadsAgree(log, model, query);
            },
            iter: iterations, threads: 1, print: Print);

    /// <summary>At once: there is an order in which the model has the same outcomes, positions included.</summary>
    internal static Task IsLinearizableAsync(Func<ValueTask<IEventLog>> open, int iterations) =>
        Gen.Select(Appends.Array[0, 5], Appends.Array[2, 5]).SampleAsync(
            async (before, atOnce) =>
            {
                await using var log = await open();
                foreach (var append in before) await OutcomeAsync(log, append);
                var outcomes = await Task.WhenAll(atOnce.Select(append => Task.Run(() => OutcomeAsync(log, append))));
                if (!Orders(atOnce.Length).Any(order => Explains(order, before, atOnce, outcomes)))
                    throw new InvalidOperationException($"no order explains: {string.Join("; ", outcomes)}");
            },
            iter: iterations, threads: 1, print: p => Print([.. p.Item1, .. p.Item2]));

    /// <summary>One after another on two logs: every result, and every message of a refusal, is the same.</summary>
    internal static Task AnswersAlikeAsync(Func<ValueTask<IEventLog>> open, Func<ValueTask<IEventLog>> openOther, int iterations) =>
        Appends.Array[1, 25].SampleAsync(
            async appends =>
            {
                await using var log = await open();
                await using var other = await openOther();
                foreach (var append in appends) Equal(await AnswerAsync(log, append), await AnswerAsync(other, append));
            },
            iter: iterations, threads: 1, print: Print);

    private static bool Explains(int[] order, LogAppend[] before, LogAppend[] atOnce, string[] outcomes)
    {
        var model = new ModelLog();
        foreach (var append in before) model.Append(append);
        return order.All(i => model.Append(atOnce[i]) == outcomes[i]);
    }

    private static IEnumerable<int[]> Orders(int count) => count == 0
        ? [[]]
        : Orders(count - 1).SelectMany(order => Enumerable.Range(0, count).Select(at => order.ToList() is var list && Insert(list, at, count - 1) ? list.ToArray() : []));

    private static bool Insert(List<int> list, int at, int item)
    {
        list.Insert(at, item);
        return true;
    }

    private static async Task<string> OutcomeAsync(IEventLog log, LogAppend append)
    {
        try
        {
            var result = await log.AppendAsync(append, CancellationToken.None);
            return $"{(result.WasDuplicate ? "repeat" : "stored")} {string.Join(',', result.Positions)}";
        }
        catch (AppendConditionFailedException e)
        {
            return $"AppendConditionFailed {e.Conflict}";
        }
        catch (EventSourcingException e)
        {
            return e.GetType().Name.Replace("Exception", "", StringComparison.Ordinal);
        }
    }

    private static async Task<string> AnswerAsync(IEventLog log, LogAppend append)
    {
        try
        {
            var result = await log.AppendAsync(append, CancellationToken.None);
            return $"{result}, at {string.Join(',', result.Positions)}";
        }
        catch (EventSourcingException e)
        {
            return $"{e.GetType().Name}: {e.Message}";
        }
    }

    private static async Task ReadsAgree(IEventLog log, ModelLog model, LogQuery query)
    {
        foreach (var direction in Enum.GetValues<ReadDirection>())
        {
            var found = new List<long>();
            await foreach (var e in log.ReadEventsAsync(new AllRead { Query = query, Direction = direction, MaxCount = 3 })) found.Add(e.Position.ToInt64());
            if (direction == ReadDirection.Backward) found.Reverse();
            Equal(string.Join(',', model.Read(query)), string.Join(',', found));
        }
    }

    private static void Equal(string expected, string found)
    {
        if (expected != found) throw new InvalidOperationException($"expected: {expected}, found: {found}");
    }

    private static string Print(LogAppend[] appends) => string.Join(Environment.NewLine, appends.Select(a =>
        $"{string.Join(" ", a.Writes.ToArray().Select(w => $"{w.StreamId}[{w.Expected}]({string.Join(' ', w.Events.ToArray().Select(e => $"{e.Type}{e.Id?.ToString()[..8]}"))})"))}"
        + $" checks {string.Join(' ', a.Checks.ToArray())} if {a.Condition?.FailIfEventsMatch} after {a.Condition?.After} command {a.CommandId} {a.Fingerprint.Length} {a.Tracking}"));
}
