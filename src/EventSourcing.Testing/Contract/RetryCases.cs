using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>The result of a retry, as a table: the cases that event stores treat differently, each with the result of this contract.</summary>
internal static class RetryCases
{
    private static readonly ExpectedVersion[] Expectations =
        [ExpectedVersion.Any, ExpectedVersion.NoStream, ExpectedVersion.StreamExists, ExpectedVersion.Exactly(3), ExpectedVersion.Exactly(4), ExpectedVersion.Exactly(9)];

    // The log holds a 1 2 3 at positions 1-3, b at 4, a 4 at 5. Stream a is at version 4.
    private static readonly (string Retry, int[] Ids, string Answer)[] Rows =
    [
        ("all_events", [1, 2, 3], "1 2 3"),
        ("first_events", [1, 2], "1 2"),
        ("last_events", [2, 3], "2 3"),
        ("events_of_two_appends", [1, 2, 3, 4], "1 2 3 5"),
        ("first_event_new", [8, 2, 3], nameof(DuplicateEventException)),
        ("last_event_new", [1, 2, 8], nameof(DuplicateEventException)),
        ("events_in_another_order", [2, 1], nameof(DuplicateEventException)),
        ("an_event_twice", [1, 1], nameof(DuplicateEventException)),
        ("no_event_known", [8, 9], "by version"),
        ("no_event", [], nameof(ArgumentException)),
    ];

    private static readonly (string Retry, int[] Ids, bool InQuery, string Answer)[] ConditionRows =
    [
        ("all_events", [1, 2], true, "1 2"),
        ("events_that_its_own_query_does_not_match", [1, 2], false, "1 2"),
        ("part_of_the_events", [2], true, "2"),
        ("more_events", [1, 2, 8], true, nameof(DuplicateEventException)),
        ("events_in_another_order", [2, 1], true, nameof(DuplicateEventException)),
        ("other_events", [8, 9], true, nameof(AppendConditionFailedException)),
        ("events_without_ids", [0, 0], true, nameof(AppendConditionFailedException)),
    ];

    internal static IEnumerable<ContractCase> All =>
    [
        .. from row in Rows
           from expected in Expectations
           select new ContractCase($"Retry_of_{row.Retry}_expecting_{expected.ToString().Replace(' ', '_')}_is_answered", log => AnswersAsync(log, row.Ids, expected, row.Answer)),
        .. ConditionRows.Select(row => new ContractCase($"Retry_of_{row.Retry}_under_a_failing_condition_is_answered", log => AnswersUnderConditionAsync(log, row.Ids, row.InQuery, row.Answer))),
        ContractCase.Of(Repeated_command_returns_the_first_result_whatever_it_contains),
    ];

    private static async Task AnswersAsync(LogUnderTest log, int[] ids, ExpectedVersion expected, string answer)
    {
        await log.AppendAsync("a", Make.WithIds(1, 2, 3)).ConfigureAwait(false);
        await log.AppendAsync("b", Make.Event()).ConfigureAwait(false);
        await log.AppendAsync("a", Make.WithIds(4)).ConfigureAwait(false);
        if (answer == "by version") answer = expected.IsMetBy(4) ? "6 7" : nameof(WrongExpectedVersionException);
        // A failing check only affects new events.
        var retry = new LogAppend
        {
            Writes = Make.Writes(new StreamWrite("a", expected, Make.WithIds(ids))),
            Checks = answer.StartsWith('6') ? default : new StreamCheck[] { new("b", ExpectedVersion.NoStream) },
        };
        Expect.Equal(answer, await AnswerAsync(log, retry).ConfigureAwait(false), "answer");
        Expect.Equal(answer.StartsWith('6') ? 7 : 5, await log.HeadAsync().ConfigureAwait(false), "head");
    }

    private static async Task AnswersUnderConditionAsync(LogUnderTest log, int[] ids, bool inQuery, string answer)
    {
        var tag = inQuery ? "x:1" : "y:1";
        await log.AppendAsync("a", Make.Event("T", "1", Make.Id(1), tag), Make.Event("T", "2", Make.Id(2), tag)).ConfigureAwait(false);
        await log.AppendAsync("b", Make.Event("T", tags: "x:1")).ConfigureAwait(false);
        var events = ids.Select(id => Make.Event("T", $"{id}", id == 0 ? null : Make.Id(id), tag)).ToArray();
        Expect.Equal(answer, await AnswerAsync(log, Make.If(LogQuery.OfTypes("T").Tagged("x", "1"), 0, "a", events)).ConfigureAwait(false), "answer");
        Expect.Equal(3, await log.HeadAsync().ConfigureAwait(false), "head");
    }

    private static async Task Repeated_command_returns_the_first_result_whatever_it_contains(LogUnderTest log)
    {
        await log.AppendAsync(Make.Command("c", 1, "a", Make.Numbered(2))).ConfigureAwait(false);
        await log.AppendAsync("a", Make.WithIds(5)).ConfigureAwait(false);
        LogAppend[] retries =
        [
            Make.Command("c", 1, "a", Make.Numbered(2)),
            Make.Command("c", 1, "a", Make.WithIds(5)),
            Make.Command("c", 1, "b", Make.Numbered(9)),
            Make.Command("c", 1, "a"),
            new() { CommandId = "c", Checks = new StreamCheck[] { new("a", ExpectedVersion.NoStream) }, Condition = new(LogQuery.All) },
        ];
        foreach (var retry in retries) Expect.Equal("1 2", await AnswerAsync(log, retry).ConfigureAwait(false), "answer");
        Expect.Equal(3, await log.HeadAsync().ConfigureAwait(false), "head");
    }

    private static async Task<string> AnswerAsync(LogUnderTest log, LogAppend retry)
    {
        try
        {
            var result = await log.AppendAsync(retry).ConfigureAwait(false);
            return string.Join(' ', result.Positions());
        }
        catch (Exception e) when (e is EventSourcingException or ArgumentException)
        {
            return e.GetType().Name;
        }
    }
}
