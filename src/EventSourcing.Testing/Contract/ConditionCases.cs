using System.Globalization;
using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Queries and append conditions: dynamic consistency boundaries.</summary>
internal static class ConditionCases
{
    private const int Workers = 16;

    private static readonly (string Name, LogQuery Query, long[] Matches)[] Queries =
    [
        ("all", LogQuery.All, [1, 2, 3, 4, 5, 6]),
        ("a_type", LogQuery.OfTypes("A"), [1, 3, 5]),
        ("a_type_never_stored", LogQuery.OfTypes("Z"), []),
        ("types_joined_by_or", LogQuery.OfTypes("A", "C"), [1, 3, 5, 6]),
        ("a_tag", LogQuery.All.Tagged("x", "1"), [1, 2, 5]),
        ("a_tag_never_stored", LogQuery.All.Tagged("x", "11"), []),
        ("tags_joined_by_and", LogQuery.All.Tagged("x", "1").Tagged("y", "1"), [2, 5]),
        ("more_tags_than_an_event_has", LogQuery.All.Tagged("x", "1").Tagged("y", "1").Tagged("z", "1"), [5]),
        ("a_type_and_a_tag", LogQuery.OfTypes("A").Tagged("x", "1"), [1, 5]),
        ("a_wrong_type_and_a_tag", LogQuery.OfTypes("C").Tagged("x", "1"), []),
        ("a_type_and_a_wrong_tag", LogQuery.OfTypes("A").Tagged("x", "3"), []),
        ("items_joined_by_or", LogQuery.OfTypes("C").Or(LogQuery.All.Tagged("x", "2")), [3, 6]),
        ("items_in_another_order", LogQuery.All.Tagged("x", "2").Or(LogQuery.OfTypes("C")), [3, 6]),
        ("items_matching_one_event_twice", LogQuery.OfTypes("A").Or(LogQuery.All.Tagged("x", "1")), [1, 2, 3, 5]),
        ("a_category", LogQuery.All.InCategory("order"), [1, 2, 3]),
        ("a_category_without_dash", LogQuery.All.InCategory("orders"), [4]),
        ("a_category_and_a_type", LogQuery.OfTypes("A").InCategory("order"), [1, 3]),
        ("a_stream", LogQuery.All.InStream("order-1"), [1, 2]),
        ("a_stream_and_a_tag", LogQuery.All.InStream("order-1").Tagged("y", "1"), [2]),
        ("a_stream_or_a_category_or_a_tag", LogQuery.All.InStream("order-2").Or(LogQuery.All.InCategory("user")).Or(LogQuery.All.Tagged("z", "1")), [3, 5, 6]),
        ("a_tag_of_another_name_and_value_split", LogQuery.All.Tagged("x", "1:y"), []),
    ];

    internal static IEnumerable<ContractCase> All =>
    [
        .. Queries.Select(row => new ContractCase($"Query_by_{row.Name}_reads_its_events", log => Reads(log, row.Query, row.Matches))),
        .. Queries.Select(row => new ContractCase($"Condition_on_{row.Name}_is_tripped_by_its_events_only", log => Trips(log, row.Query, row.Matches))),
        ContractCase.Of(Condition_on_everything_after_the_head_passes),
        ContractCase.Of(Condition_after_the_last_match_passes),
        ContractCase.Of(Condition_beyond_the_head_is_refused),
        ContractCase.Of(Condition_ignores_the_events_of_its_own_append),
        ContractCase.Of(Condition_is_checked_after_versions),
        ContractCase.Of(Condition_without_events_guards_a_command),
        ContractCase.Of(Concurrent_appends_of_one_scope_have_one_winner),
        ContractCase.Of(Concurrent_appends_of_disjoint_scopes_all_succeed),
        ContractCase.Of(Scopes_with_separate_tags_never_conflict),
        ContractCase.Of(Concurrent_check_then_create_makes_no_duplicate),
        ContractCase.Of(Concurrent_check_then_create_with_more_tags_than_the_condition_makes_no_duplicate),
        ContractCase.Of(No_match_is_between_the_head_of_the_decision_and_the_stored_event),
        ContractCase.Of(Course_is_never_overbooked),
        ContractCase.Of(Later_append_of_a_write_sees_the_earlier_ones),
        ContractCase.Of(Query_with_few_matches_in_a_long_log_finds_all_of_them),
    ];

    private static async Task FillAsync(LogUnderTest log)
    {
        await log.AppendAsync("order-1", Make.Event("A", tags: ["x:1"]), Make.Event("B", tags: ["y:1", "x:1"])).ConfigureAwait(false);
        await log.AppendAsync("order-2", Make.Event("A", tags: ["x:2"])).ConfigureAwait(false);
        await log.AppendAsync("orders", Make.Event("B")).ConfigureAwait(false);
        await log.AppendAsync("user-1", Make.Event("A", tags: ["x:1", "y:1", "z:1"]), Make.Event("C", tags: ["y:1:x"])).ConfigureAwait(false);
    }

    private static async Task Reads(LogUnderTest log, LogQuery query, long[] matches)
    {
        await FillAsync(log).ConfigureAwait(false);
        Expect.Equal(matches, (await log.ReadAsync(new AllRead { Query = query }).ConfigureAwait(false)).Positions(), "forward");
        var backward = new AllRead { Query = query, Direction = ReadDirection.Backward };
        Expect.Equal(matches.Reverse(), (await log.ReadAsync(backward).ConfigureAwait(false)).Positions(), "backward");
        Expect.Equal(6, (await log.PageAsync(new AllRead { Query = query }).ConfigureAwait(false)).Head.ToInt64(), "head, also where nothing matches");
    }

    private static async Task Trips(LogUnderTest log, LogQuery query, long[] matches)
    {
        await FillAsync(log).ConfigureAwait(false);
        for (var after = 0; after <= 6; after++)
        {
            var append = Make.If(query, after, "new", Make.Event("New"));
            if (matches.FirstOrDefault(position => position > after) is var conflict and > 0)
            {
                var refusal = await log.RefusesAsync<AppendConditionFailedException>(append).ConfigureAwait(false);
                Expect.Equal((conflict, (long)after), (refusal.Conflict.ToInt64(), refusal.After.ToInt64()), "first conflict");
                continue;
            }

            Expect.True(await log.WinsAsync<AppendConditionFailedException>(append).ConfigureAwait(false), $"the append passes after {after}");
            return;
        }
    }

    private static async Task Condition_on_everything_after_the_head_passes(LogUnderTest log)
    {
        await FillAsync(log).ConfigureAwait(false);
        await log.RefusesAsync<AppendConditionFailedException>(Make.If(LogQuery.All, 5, "n", Make.Event())).ConfigureAwait(false);
        Expect.Equal(7, (await log.AppendAsync(Make.If(LogQuery.All, 6, "n", Make.Event())).ConfigureAwait(false)).LastPosition.ToInt64(), "position");
    }

    private static async Task Condition_after_the_last_match_passes(LogUnderTest log)
    {
        await FillAsync(log).ConfigureAwait(false);
        foreach (var after in new[] { 5, 6 })
            await log.AppendAsync(Make.If(LogQuery.All.Tagged("x", "1"), after, "n", Make.Event())).ConfigureAwait(false);
        Expect.Equal(8, await log.HeadAsync().ConfigureAwait(false), "head");
    }

    private static async Task Condition_beyond_the_head_is_refused(LogUnderTest log)
    {
        await FillAsync(log).ConfigureAwait(false);
        var refusal = await log.RefusesAsync<PositionOutOfRangeException>(Make.If(LogQuery.OfTypes("Z"), 7, "n", Make.Event())).ConfigureAwait(false);
        Expect.Equal((7L, 6L), (refusal.Position.ToInt64(), refusal.Head.ToInt64()), "position and head");
    }

    private static async Task Condition_ignores_the_events_of_its_own_append(LogUnderTest log)
    {
        var append = Make.If(LogQuery.OfTypes("A"), 0, "n", Make.Event("A"), Make.Event("A"));
        Expect.Equal(2, (await log.AppendAsync(append).ConfigureAwait(false)).Count, "events");
    }

    private static async Task Condition_is_checked_after_versions(LogUnderTest log)
    {
        await FillAsync(log).ConfigureAwait(false);
        await log.RefusesAsync<WrongExpectedVersionException>(new LogAppend
        {
            Writes = Make.Writes(new StreamWrite("n", ExpectedVersion.StreamExists, Make.Numbered(1))),
            Condition = new(LogQuery.All),
        }).ConfigureAwait(false);
    }

    private static async Task Condition_without_events_guards_a_command(LogUnderTest log)
    {
        await FillAsync(log).ConfigureAwait(false);
        await log.RefusesAsync<AppendConditionFailedException>(new LogAppend { CommandId = "c", Condition = new(LogQuery.All) }).ConfigureAwait(false);
        Expect.True(!(await log.AppendAsync(new LogAppend { CommandId = "c", Condition = new(LogQuery.OfTypes("Z")) }).ConfigureAwait(false)).WasDuplicate, "stored");
    }

    private static async Task Concurrent_appends_of_one_scope_have_one_winner(LogUnderTest log)
    {
        var append = Make.If(LogQuery.All.Tagged("seat", "1"), 0, "a", Make.Event(tags: "seat:1"));
        var wins = await Make.TogetherAsync(Workers, _ => log.WinsAsync<AppendConditionFailedException>(append)).ConfigureAwait(false);
        Expect.Equal(1, wins.Count(won => won), "winners");
    }

    private static async Task Concurrent_appends_of_disjoint_scopes_all_succeed(LogUnderTest log)
    {
        var wins = await Make.TogetherAsync(Workers, i => log.WinsAsync<AppendConditionFailedException>(
            Make.If(LogQuery.All.Tagged("seat", $"{i}"), 0, "a", Make.Event(tags: $"seat:{i}")))).ConfigureAwait(false);
        Expect.Equal(Workers, wins.Count(won => won), "winners");
    }

    private static async Task Scopes_with_separate_tags_never_conflict(LogUnderTest log)
    {
        var lost = await Make.TogetherAsync(Workers, async worker =>
        {
            var failures = 0;
            for (var i = 0; i < 20; i++)
            {
                var tag = $"own:{worker}-{i}";
                var append = Make.If(LogQuery.OfTypes("T").Tagged("own", tag[4..]), 0, $"s-{worker}", Make.Event("T", tags: tag));
                if (!await log.WinsAsync<AppendConditionFailedException>(append).ConfigureAwait(false)) failures++;
            }

            return failures;
        }).ConfigureAwait(false);
        Expect.Equal(0, lost.Sum(), "refusals");
    }

    private static Task Concurrent_check_then_create_makes_no_duplicate(LogUnderTest log) => CreateAsync(log, []);

    private static Task Concurrent_check_then_create_with_more_tags_than_the_condition_makes_no_duplicate(LogUnderTest log) => CreateAsync(log, ["kind:user", "region:eu"]);

    /// <summary>Every worker creates every entity, unless the entity exists.</summary>
    private static async Task CreateAsync(LogUnderTest log, string[] moreTags)
    {
        const int entities = 20;
        await Make.TogetherAsync(Workers, async worker =>
        {
            for (var i = 0; i < entities; i++)
            {
                var entity = (i + worker) % entities;
                var query = LogQuery.OfTypes("Created").Tagged("entity", $"{entity}");
                var (seen, head) = await log.PageAsync(new AllRead { Query = query }).ConfigureAwait(false);
                if (seen.Count > 0) continue;
                var created = Make.Event("Created", tags: [$"entity:{entity}", $"worker:{worker}", .. moreTags]);
                await log.WinsAsync<AppendConditionFailedException>(Make.If(query, head.ToInt64(), $"w-{worker}", created)).ConfigureAwait(false);
            }

            return 0;
        }).ConfigureAwait(false);
        var all = await log.ReadAllAsync().ConfigureAwait(false);
        Expect.Equal(entities, all.Count, "entities created");
        Expect.Equal(entities, all.Select(e => e.Tags![0]).Distinct().Count(), "different entities");
    }

    /// <summary>Every event stores its query and the head of its decision. Afterwards no relevant event is found between that head and the event.</summary>
    private static async Task No_match_is_between_the_head_of_the_decision_and_the_stored_event(LogUnderTest log)
    {
        await Make.TogetherAsync(Workers, async worker =>
        {
            var random = new Random(worker);
            for (var i = 0; i < 25; i++)
            {
                var (type, tag) = (random.Next(4), random.Next(4));
                var (_, head) = await log.PageAsync(new AllRead { MaxCount = 1 }).ConfigureAwait(false);
                var written = Make.Event($"T{random.Next(4)}", $"{type} {tag} {head}", tags: $"t:{random.Next(4)}");
                await log.WinsAsync<AppendConditionFailedException>(Make.If(Query(type, tag), head.ToInt64(), $"w-{worker}", written)).ConfigureAwait(false);
            }

            return 0;
        }).ConfigureAwait(false);
        var all = await log.ReadAllAsync().ConfigureAwait(false);
        foreach (var e in all)
        {
            var parts = e.Text().Split(' ').Select(p => int.Parse(p, CultureInfo.InvariantCulture)).ToArray();
            var between = all.Skip(parts[2]).Take((int)e.Position.ToInt64() - 1 - parts[2]);
            Expect.True(!between.Any(o => Query(parts[0], parts[1]).Matches(o.Type, o.StreamId, o.Tags!)), $"no relevant event is between {parts[2]} and {e.Position}");
        }

        static LogQuery Query(int type, int tag) => LogQuery.OfTypes($"T{type}").Tagged("t", $"{tag}");
    }

    private static async Task Course_is_never_overbooked(LogUnderTest log)
    {
        const int capacity = 5;
        var course = LogQuery.OfTypes("CourseDefined", "StudentSubscribed").Tagged("course", "c1");
        await log.AppendAsync("courses", Make.Event("CourseDefined", tags: "course:c1")).ConfigureAwait(false);
        var booked = await Make.TogetherAsync(Workers, async student =>
        {
            while (true)
            {
                var query = course.Or(LogQuery.OfTypes("StudentSubscribed").Tagged("student", $"s{student}"));
                var (seen, head) = await log.PageAsync(new AllRead { Query = query }).ConfigureAwait(false);
                if (seen.Count(e => e.Type == "StudentSubscribed") == capacity) return false;
                var subscribed = Make.Event("StudentSubscribed", tags: ["course:c1", $"student:s{student}"]);
                if (await log.WinsAsync<AppendConditionFailedException>(Make.If(query, head.ToInt64(), "courses", subscribed)).ConfigureAwait(false)) return true;
            }
        }).ConfigureAwait(false);
        Expect.Equal(capacity, booked.Count(b => b), "students booked");
        Expect.Equal(capacity + 1, await log.HeadAsync().ConfigureAwait(false), "head");
    }

    private static async Task Later_append_of_a_write_sees_the_earlier_ones(LogUnderTest log)
    {
        var append = Make.If(LogQuery.OfTypes("A"), 0, "a", Make.Event("A"));
        var written = await log.WriteAsync(new() { Appends = [append, append] }).ConfigureAwait(false);
        Expect.Equal((LogRefusalKind.Append, 1), (written.Refusal?.Kind ?? 0, written.Refusal?.Index ?? -1), "what is refused");
        Expect.Equal(1L, ((AppendConditionFailedException)written.Refusal!.Error!).Conflict.ToInt64(), "the conflict");
        Expect.Equal(0, await log.HeadAsync().ConfigureAwait(false), "head");
    }

    private static async Task Query_with_few_matches_in_a_long_log_finds_all_of_them(LogUnderTest log)
    {
        for (var i = 0; i < 5; i++) await log.AppendAsync($"bulk-{i}", [.. Make.Numbered(4000), Make.Event("Rare", tags: "rare:1")]).ConfigureAwait(false);
        long[] expected = [4001, 8002, 12003, 16004, 20005];
        foreach (var query in new[] { LogQuery.OfTypes("Rare"), LogQuery.All.Tagged("rare", "1"), LogQuery.All.InCategory("bulk").Tagged("rare", "1") })
        {
            Expect.Equal(expected, (await log.ReadAsync(new AllRead { Query = query }).ConfigureAwait(false)).Positions(), $"events of {query}");
            var conflict = await log.RefusesConditionAsync(Make.If(query, 12_003, "n", Make.Event())).ConfigureAwait(false);
            Expect.Equal(16_004, conflict, $"first conflict of {query}");
        }

        Expect.Equal(0, (await log.ReadAsync(new AllRead { Query = LogQuery.All.InCategory("none") }).ConfigureAwait(false)).Count, "nothing in a category that is not there");
    }

    private static async Task<long> RefusesConditionAsync(this LogUnderTest log, LogAppend append) =>
        (await Expect.ThrowsAsync<AppendConditionFailedException>(() => log.AppendAsync(append), "the append").ConfigureAwait(false)).Conflict.ToInt64();
}
