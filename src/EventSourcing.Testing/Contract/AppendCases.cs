using System.Text;
using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>What an append stores, and that a refused append stores nothing.</summary>
internal static class AppendCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(New_log_is_empty),
        ContractCase.Of(First_append_starts_numbering_at_1),
        ContractCase.Of(Append_of_many_events_keeps_their_order_in_stream_and_log),
        ContractCase.Of(Append_of_1500_events_is_stored_completely),
        ContractCase.Of(Append_of_nothing_is_refused),
        ContractCase.Of(Append_without_events_with_a_command_id_is_stored_at_the_head),
        ContractCase.Of(Stream_write_without_events_is_a_check),
        ContractCase.Of(Streams_interleaved_in_one_append_keep_their_order),
        ContractCase.Of(Writes_to_one_stream_are_checked_against_its_state_before_the_append),
        ContractCase.Of(Concurrent_writers_without_expectation_never_conflict_and_keep_their_own_order),
        ContractCase.Of(Concurrent_appends_with_the_same_expected_version_have_one_winner),
        ContractCase.Of(Racing_exact_versions_leave_positions_contiguous),
        ContractCase.Of(Concurrent_large_appends_do_not_interleave),
        ContractCase.Of(Memory_of_the_append_can_be_reused),
        ContractCase.Of(Content_round_trips),
        ContractCase.Of(Content_type_and_schema_number_round_trip),
        ContractCase.Of(Every_event_has_a_mark_that_never_changes),
        ContractCase.Of(Names_of_512_bytes_round_trip),
        ContractCase.Of(Names_differing_in_case_or_normalization_are_different_streams),
        ContractCase.Of(Payload_larger_than_any_buffer_round_trips),
        ContractCase.Of(Timestamp_is_the_time_of_the_clock_in_microseconds),
        ContractCase.Of(Timestamp_never_falls_when_the_clock_jumps_back),
        ContractCase.Of(Occurred_at_is_kept_in_utc_to_the_microsecond),
        ContractCase.Of(Occurred_at_is_never_rounded_up),
        ContractCase.Of(Duplicate_tags_of_an_event_are_found_in_linear_time),
        ContractCase.Of(Size_of_an_event_is_checked_before_its_tags),
        ContractCase.Of(Id_made_by_the_log_is_version_7_and_is_found),
        .. Refusals(),
        .. Sizes(),
    ];

    private static async Task New_log_is_empty(LogUnderTest log)
    {
        Expect.Equal(0, await log.HeadAsync().ConfigureAwait(false), "head");
        Expect.Equal(0, (await log.ReadAllAsync().ConfigureAwait(false)).Count, "events of the log");
        Expect.Equal(0, (await log.ReadStreamAsync("a").ConfigureAwait(false)).Count, "events of a stream");
        Expect.Equal(0, await log.VersionAsync("a").ConfigureAwait(false), "version of a stream");
    }

    private static async Task First_append_starts_numbering_at_1(LogUnderTest log)
    {
        var result = await log.AppendAsync("a", Make.Event()).ConfigureAwait(false);
        var found = (await log.ReadAllAsync().ConfigureAwait(false)).Single();
        Expect.Equal(new AppendResult(new StreamRange("a", 1, 1, 1), GlobalPosition.FromInt64(1), found.Token, false), result, "result");
        Expect.Equal((1L, 1L), (found.Position.ToInt64(), found.Version), "position and version");
    }

    private static async Task Append_of_many_events_keeps_their_order_in_stream_and_log(LogUnderTest log)
    {
        await log.AppendAsync("b", Make.Event()).ConfigureAwait(false);
        var result = await log.AppendAsync("a", Make.Numbered(10)).ConfigureAwait(false);
        Expect.Equal(new StreamRange("a", 1, 10, 10), result.Streams.Single(), "range");
        Expect.Equal(Make.CountTo(10).Select(n => n + 1), result.Positions(), "positions");
        var events = await log.ReadStreamAsync("a").ConfigureAwait(false);
        Expect.Equal(Make.CountTo(10).Select(n => $"{n}"), events.Texts(), "payloads");
        Expect.Equal(Make.CountTo(10), events.Select(e => e.Version), "versions");
        Expect.Equal(result.Positions(), events.Positions(), "positions read");
    }

    private static async Task Append_of_1500_events_is_stored_completely(LogUnderTest log)
    {
        var result = await log.AppendAsync("a", Make.Numbered(1500)).ConfigureAwait(false);
        Expect.Equal(1500, result.Count, "count");
        Expect.Equal(Make.CountTo(1500).Select(n => $"{n}"), (await log.ReadStreamAsync("a").ConfigureAwait(false)).Texts(), "payloads");
    }

    private static Task Append_of_nothing_is_refused(LogUnderTest log) => log.RefusesAsync<ArgumentException>(new LogAppend());

    private static async Task Append_without_events_with_a_command_id_is_stored_at_the_head(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(3)).ConfigureAwait(false);
        var result = await log.AppendAsync(Make.Command("c", 0, "a")).ConfigureAwait(false);
        Expect.Equal((3L, 3L, 0, false), (result.FirstPosition.ToInt64(), result.LastPosition.ToInt64(), result.Count, result.WasDuplicate), "result");
        await log.AppendAsync("a", Make.Event()).ConfigureAwait(false);
        var again = await log.AppendAsync(Make.Command("c", 0, "a")).ConfigureAwait(false);
        Expect.Equal((3L, true), (again.LastPosition.ToInt64(), again.WasDuplicate), "result of the repeat");
    }

    private static async Task Stream_write_without_events_is_a_check(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(2)).ConfigureAwait(false);
        var writes = Make.Writes(new("a", ExpectedVersion.Exactly(2), default), Make.Write("b", Make.Event()));
        var result = await log.AppendAsync(new LogAppend { Writes = writes }).ConfigureAwait(false);
        Expect.Equal([new("a", 3, 2, 0), new("b", 1, 1, 1)], result.Streams, "ranges");
        writes = Make.Writes(new("a", ExpectedVersion.Exactly(1), default), Make.Write("b", Make.Event()));
        await log.RefusesAsync<WrongExpectedVersionException>(new LogAppend { Writes = writes }).ConfigureAwait(false);
    }

    private static async Task Streams_interleaved_in_one_append_keep_their_order(LogUnderTest log)
    {
        var writes = Make.Writes(Make.Write("a", Make.Event(data: "1"), Make.Event(data: "2")), Make.Write("b", Make.Event(data: "3")), Make.Write("a", Make.Event(data: "4")));
        var result = await log.AppendAsync(new LogAppend { Writes = writes }).ConfigureAwait(false);
        Expect.Equal([new("a", 1, 2, 2), new("b", 1, 1, 1), new("a", 3, 3, 1)], result.Streams, "ranges");
        Expect.Equal(["1", "2", "3", "4"], (await log.ReadAllAsync().ConfigureAwait(false)).Texts(), "the log");
        Expect.Equal(["1", "2", "4"], (await log.ReadStreamAsync("a").ConfigureAwait(false)).Texts(), "stream a");
    }

    private static async Task Writes_to_one_stream_are_checked_against_its_state_before_the_append(LogUnderTest log)
    {
        var writes = Make.Writes(new("a", ExpectedVersion.NoStream, Make.Numbered(1)), new("a", ExpectedVersion.NoStream, Make.Numbered(1)));
        var result = await log.AppendAsync(new LogAppend { Writes = writes }).ConfigureAwait(false);
        Expect.Equal([new("a", 1, 1, 1), new("a", 2, 2, 1)], result.Streams, "ranges");
        writes = Make.Writes(new("a", ExpectedVersion.Exactly(2), Make.Numbered(1)), new("a", ExpectedVersion.Exactly(3), Make.Numbered(1)));
        await log.RefusesAsync<WrongExpectedVersionException>(new LogAppend { Writes = writes }).ConfigureAwait(false);
    }

    private static async Task Concurrent_writers_without_expectation_never_conflict_and_keep_their_own_order(LogUnderTest log)
    {
        await Make.TogetherAsync(4, async worker =>
        {
            for (var i = 0; i < 100; i++) await log.AppendAsync("a", Make.Event($"Writer{worker}", $"{i}")).ConfigureAwait(false);
            return 0;
        }).ConfigureAwait(false);
        var events = await log.ReadStreamAsync("a").ConfigureAwait(false);
        Expect.Equal(Make.CountTo(400), events.Select(e => e.Version), "versions");
        foreach (var writer in events.GroupBy(e => e.Type))
            Expect.Equal(Enumerable.Range(0, 100).Select(i => $"{i}"), writer.Texts(), $"events of {writer.Key}");
    }

    private static async Task Concurrent_appends_with_the_same_expected_version_have_one_winner(LogUnderTest log)
    {
        for (var round = 0; round < 10; round++)
        {
            var append = Make.Append("a", ExpectedVersion.Exactly(round), Make.Event());
            var wins = await Make.TogetherAsync(8, _ => log.WinsAsync<WrongExpectedVersionException>(append)).ConfigureAwait(false);
            Expect.Equal(1, wins.Count(won => won), "winners");
        }

        Expect.Equal(10, await log.HeadAsync().ConfigureAwait(false), "head");
    }

    private static async Task Racing_exact_versions_leave_positions_contiguous(LogUnderTest log)
    {
        var wins = await Make.TogetherAsync(4, async _ =>
        {
            var won = 0;
            for (var i = 0; i < 50; i++)
            {
                var version = await log.VersionAsync("a").ConfigureAwait(false);
                var append = Make.Append("a", ExpectedVersion.Exactly(version), Make.Event());
                if (await log.WinsAsync<WrongExpectedVersionException>(append).ConfigureAwait(false)) won++;
            }

            return won;
        }).ConfigureAwait(false);
        Expect.Equal(Make.CountTo(wins.Sum()), (await log.ReadAllAsync().ConfigureAwait(false)).Positions(), "positions");
    }

    private static async Task Concurrent_large_appends_do_not_interleave(LogUnderTest log)
    {
        var results = await Make.TogetherAsync(4, worker => log.AppendAsync($"s-{worker}", Make.Numbered(1000))).ConfigureAwait(false);
        var events = await log.ReadAllAsync().ConfigureAwait(false);
        Expect.Equal(Make.CountTo(4000), events.Positions(), "positions");
        foreach (var result in results)
        {
            Expect.Equal(999, result.LastPosition.ToInt64() - result.FirstPosition.ToInt64(), "distance of the ends");
            var part = events.Skip((int)result.FirstPosition.ToInt64() - 1).Take(1000);
            Expect.True(part.All(e => e.StreamId == result.Streams[0].StreamId), "an append's events lie side by side");
        }
    }

    private static async Task Memory_of_the_append_can_be_reused(LogUnderTest log)
    {
        var (data, fingerprint) = ("kept"u8.ToArray(), new byte[] { 1 });
        var e = new LogEvent { Type = "T", Data = data.AsMemory(0, 2), Metadata = data.AsMemory(2) };
        await log.AppendAsync(new LogAppend { Writes = Make.Writes(Make.Write("a", e)), CommandId = "c", Fingerprint = fingerprint }).ConfigureAwait(false);
        data.AsSpan().Clear();
        fingerprint[0] = 2;
        var stored = (await log.ReadAllAsync().ConfigureAwait(false)).Single();
        Expect.Equal("kept", stored.Text() + Encoding.UTF8.GetString(stored.Metadata.Span), "content");
        Expect.True((await log.AppendAsync(Make.Command("c", 1, "a")).ConfigureAwait(false)).WasDuplicate, "the fingerprint is the old one");
    }

    private static async Task Content_round_trips(LogUnderTest log)
    {
        LogEvent[] written =
        [
            Make.Event("Grüße", """{"text":"€ 😀 日本"}"""),
            new() { Type = "Binary", Data = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray() },
            new() { Type = "Empty" },
            new() { Type = "EmptyJson", IsJson = true, Metadata = """{"by":"ann"}"""u8.ToArray() },
            new() { Type = "Full", Data = new byte[] { 0 }, Tags = [new("b", "2"), new("a", "1:x"), new("c", "")], CorrelationId = "why 😀", CausationId = "what" },
        ];
        await log.AppendAsync("käse-😀 with spaces/and\\more", written).ConfigureAwait(false);
        var read = await log.ReadAllAsync().ConfigureAwait(false);
        Expect.Equal(written.Select(Content), read.Select(Content), "content");
        Expect.True(read.All(e => e.StreamId == "käse-😀 with spaces/and\\more"), "the stream's name");
        Expect.True(read[0].Tags is null, "no tags: null");
    }

    private static string Content(LogEvent e) =>
        $"{e.Type} {Convert.ToHexString(e.Data.Span)} {Convert.ToHexString(e.Metadata.Span)} {e.IsJson} {e.CorrelationId} {e.CausationId} {string.Join(',', e.Tags ?? [])}";

    private static string Content(RecordedEvent e) =>
        $"{e.Type} {Convert.ToHexString(e.Data.Span)} {Convert.ToHexString(e.Metadata.Span)} {e.IsJson} {e.CorrelationId} {e.CausationId} {string.Join(',', e.Tags ?? [])}";

    private static async Task Content_type_and_schema_number_round_trip(LogUnderTest log)
    {
        LogEvent[] events =
        [
            Make.Event(),
            new() { Type = "Packed", Data = new byte[] { 0, 255 }, ContentType = "application/x-msgpack", SchemaVersion = 7 },
            Make.Event() with { SchemaVersion = 1 },
            Make.Event() with { SchemaVersion = int.MaxValue, CorrelationId = "c" },
            new() { Type = "Packed", Data = new byte[] { 1 }, ContentType = "application/cbor", Tags = [new("t", "1")] },
            new() { Type = "Packed", Data = new byte[] { 2 }, ContentType = "application/x-msgpack" },
        ];
        await log.AppendAsync("a", events).ConfigureAwait(false);
        (string?, int, bool)[] expected = [(null, 1, true), ("application/x-msgpack", 7, false), (null, 1, true), (null, int.MaxValue, true), ("application/cbor", 1, false), ("application/x-msgpack", 1, false)];
        Expect.Equal(expected, (await log.ReadAllAsync().ConfigureAwait(false)).Select(e => (e.ContentType, e.SchemaVersion, e.IsJson)), "content type, schema number and form");
        Expect.Equal(expected, (await log.ReadStreamAsync("a").ConfigureAwait(false)).Select(e => (e.ContentType, e.SchemaVersion, e.IsJson)), "the same by stream");
    }

    private static async Task Every_event_has_a_mark_that_never_changes(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(100)).ConfigureAwait(false);
        await log.AppendAsync("b", Make.WithIds(1, 2, 3)).ConfigureAwait(false);
        var marks = (await log.ReadAllAsync().ConfigureAwait(false)).Select(e => e.Mark).ToArray();
        Expect.True(marks.All(m => m != 0), "no mark is 0");
        // Of 103 random numbers of 32 bits, two are equal with negligible probability.
        Expect.True(marks.Distinct().Count() > 100, "marks differ");
        await log.AppendAsync("c", Make.Event()).ConfigureAwait(false);
        Expect.Equal(marks, (await log.ReadAllAsync().ConfigureAwait(false)).Take(103).Select(e => e.Mark), "marks read again");
        Expect.Equal(marks[100..], (await log.ReadStreamAsync("b").ConfigureAwait(false)).Select(e => e.Mark), "marks by stream");
    }

    private static async Task Names_of_512_bytes_round_trip(LogUnderTest log)
    {
        var name = new string('x', 508) + "😀";
        var e = new LogEvent { Type = name, CorrelationId = name, CausationId = name, Tags = [Tag.Parse("t:" + name[2..], null)] };
        await log.AppendAsync(new LogAppend { Writes = Make.Writes(Make.Write(name, e)), CommandId = name, Tracking = new(name, 1) }).ConfigureAwait(false);
        var found = (await log.ReadAsync(new AllRead { Query = LogQuery.Of(new LogQueryItem([name], e.Tags, stream: name)) }).ConfigureAwait(false)).Single();
        Expect.Equal((name, name, name, name), (found.StreamId.Value, found.Type, found.CorrelationId, found.CausationId), "names");
        Expect.Equal(1, await log.TrackedAsync(name).ConfigureAwait(false), "tracking");
    }

    private static async Task Names_differing_in_case_or_normalization_are_different_streams(LogUnderTest log)
    {
        StreamId[] names = ["order-é", "order-e\u0301", "ORDER-é", "order-É", "order-é "];
        foreach (var name in names) await log.AppendAsync(name, ExpectedVersion.NoStream, Make.Event(data: name.Value)).ConfigureAwait(false);
        foreach (var name in names) Expect.Equal([name.Value], (await log.ReadStreamAsync(name).ConfigureAwait(false)).Texts(), "events");
    }

    private static async Task Payload_larger_than_any_buffer_round_trips(LogUnderTest log)
    {
        var data = new byte[900_000];
        new Random(1).NextBytes(data);
        var large = new LogEvent { Type = "Large", Data = data, Metadata = data.AsMemory(0, 100_000) };
        await log.AppendAsync("a", Make.Event(data: "before"), large, Make.Event(data: "after")).ConfigureAwait(false);
        var events = await log.ReadStreamAsync("a").ConfigureAwait(false);
        Expect.True(events[1].Data.Span.SequenceEqual(data) && events[1].Metadata.Span.SequenceEqual(data.AsSpan(0, 100_000)), "the bytes are the same");
        Expect.Equal(("before", "after"), (events[0].Text(), events[2].Text()), "the neighbours");
    }

    private static async Task Timestamp_is_the_time_of_the_clock_in_microseconds(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(2)).ConfigureAwait(false);
        var expected = log.Clock.Now.AddTicks(-(log.Clock.Now.Ticks % TimeSpan.TicksPerMicrosecond));
        foreach (var e in await log.ReadAllAsync().ConfigureAwait(false))
        {
            Expect.Equal(expected, e.Timestamp, "timestamp");
            Expect.Equal(TimeSpan.Zero, e.Timestamp.Offset, "offset");
        }
    }

    private static async Task Timestamp_never_falls_when_the_clock_jumps_back(LogUnderTest log)
    {
        foreach (var seconds in new[] { 1, -5, 2, 10 })
        {
            log.Clock.Advance(TimeSpan.FromSeconds(seconds));
            await log.AppendAsync("a", Make.Event()).ConfigureAwait(false);
        }

        var times = (await log.ReadAllAsync().ConfigureAwait(false)).Select(e => e.Timestamp).ToArray();
        Expect.Equal((times[0], times[0]), (times[1], times[2]), "times while the clock is behind");
        Expect.Equal(TimeSpan.FromSeconds(7), times[3] - times[0], "time once the clock is ahead");
    }

    private static async Task Occurred_at_is_kept_in_utc_to_the_microsecond(LogUnderTest log)
    {
        var moment = new DateTimeOffset(2020, 2, 29, 23, 59, 58, TimeSpan.FromHours(5.5)).AddTicks(1_234_567);
        var e = new LogEvent { Type = "T", OccurredAt = moment };
        await log.AppendAsync("a", e, Make.Event(), new LogEvent { Type = "T", OccurredAt = new(1815, 6, 18, 11, 0, 0, TimeSpan.Zero) }).ConfigureAwait(false);
        var found = await log.ReadAllAsync().ConfigureAwait(false);
        Expect.Equal(new DateTimeOffset(2020, 2, 29, 18, 29, 58, TimeSpan.Zero).AddTicks(1_234_560), found[0].OccurredAt, "time");
        Expect.Equal(TimeSpan.Zero, found[0].OccurredAt!.Value.Offset, "offset");
        Expect.Equal(null, found[1].OccurredAt, "time not given");
        Expect.Equal(1815, found[2].OccurredAt!.Value.Year, "a time before 1970");
    }

    private static async Task Occurred_at_is_never_rounded_up(LogUnderTest log)
    {
        var random = new Random(7);
        var epoch = DateTimeOffset.UnixEpoch.UtcTicks;
        long[] ticks =
        [
            DateTimeOffset.MinValue.UtcTicks, 1, 9, 10, 11, epoch - 11, epoch - 10, epoch - 9, epoch - 1, epoch, epoch + 1, epoch + 9, epoch + 10,
            DateTimeOffset.MaxValue.UtcTicks - 10, DateTimeOffset.MaxValue.UtcTicks, .. Enumerable.Range(0, 500).Select(_ => random.NextInt64(DateTimeOffset.MaxValue.UtcTicks + 1)),
        ];
        var events = ticks.Select(t => new LogEvent { Type = "T", OccurredAt = new(t, TimeSpan.Zero) }).ToArray();
        await log.AppendAsync("a", events).ConfigureAwait(false);
        var found = await log.ReadAllAsync().ConfigureAwait(false);
        Expect.Equal(ticks.Select(t => new DateTimeOffset(t - (t % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero)), found.Select(e => e.OccurredAt!.Value), "times");
    }

    private static async Task Duplicate_tags_of_an_event_are_found_in_linear_time(LogUnderTest log)
    {
        const int Count = 5_000;
        var tags = new CountingList([.. Enumerable.Range(0, Count).Select(i => new Tag("n", i.ToString(System.Globalization.CultureInfo.InvariantCulture)))]);
        await log.AppendAsync("a", new LogEvent { Type = "T", Tags = tags }).ConfigureAwait(false);
        Expect.True(tags.Asked < 20 * Count, $"{tags.Asked} looks at {Count} tags");
        var twice = new CountingList([.. tags, new Tag("n", "17")]);
        await log.RefusesAsync<InvalidEventException>(Make.Append("a", new LogEvent { Type = "T", Tags = twice })).ConfigureAwait(false);
    }

    private static async Task Size_of_an_event_is_checked_before_its_tags(LogUnderTest log)
    {
        Tag[] tags = [.. Enumerable.Range(0, 3_000).Select(i => new Tag("n", new string('x', 400) + i % 2_999))];
        await log.RefusesAsync<EventTooLargeException>(Make.Append("a", new LogEvent { Type = "T", Tags = tags })).ConfigureAwait(false);
    }

    private sealed class CountingList(Tag[] tags) : IReadOnlyList<Tag>
    {
        internal int Asked { get; private set; }

        public int Count => tags.Length;

        public Tag this[int index]
        {
            get
            {
                Asked++;
                return tags[index];
            }
        }

        public IEnumerator<Tag> GetEnumerator() => ((IEnumerable<Tag>)tags).GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private static async Task Id_made_by_the_log_is_version_7_and_is_found(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(50)).ConfigureAwait(false);
        var events = await log.ReadAllAsync().ConfigureAwait(false);
        Expect.Equal(50, events.Select(e => e.Id).Distinct().Count(), "different ids");
        foreach (var e in events)
        {
            Expect.Equal(7, e.Id.Version, "version of the id");
            Expect.Equal(e.Position, (await log.FindAsync(e.Id).ConfigureAwait(false))?.Position, "position found by id");
        }
    }

    private static IEnumerable<ContractCase> Refusals()
    {
        (string Name, LogAppend Append)[] rows =
        [
            ("a_write_without_stream", Make.Append(default, Make.Event())),
            ("an_event_without_type", Make.Append("a", new LogEvent { Type = null! })),
            ("an_empty_type", Make.Append("a", Make.Event(""))),
            ("a_control_character_in_a_type", Make.Append("a", Make.Event("a\nb"))),
            ("a_lone_surrogate_in_a_type", Make.Append("a", Make.Event("a\uD800"))),
            ("a_type_over_512_bytes", Make.Append("a", Make.Event(new string('é', 257)))),
            ("the_empty_id", Make.Append("a", Make.Event(id: Guid.Empty))),
            ("the_default_tag", Make.Append("a", new LogEvent { Type = "T", Tags = [default] })),
            ("a_control_character_in_a_correlation_id", Make.Append("a", new LogEvent { Type = "T", CorrelationId = "\0" })),
            ("an_empty_causation_id", Make.Append("a", new LogEvent { Type = "T", CausationId = "" })),
            ("an_empty_command_id", Make.Command("", 0, "a", Make.Event())),
            ("a_fingerprint_without_command", new LogAppend { Writes = Make.Writes(Make.Write("a", Make.Event())), Fingerprint = new byte[1] }),
            ("a_fingerprint_over_64_bytes", new LogAppend { CommandId = "c", Fingerprint = new byte[65] }),
            ("an_empty_source", Make.Tracked("", 1, "a", Make.Event())),
            ("tracking_position_0", Make.Tracked("s", 0, "a", Make.Event())),
            ("a_check_without_stream", new LogAppend { Writes = Make.Writes(Make.Write("a", Make.Event())), Checks = new StreamCheck[] { new(default, ExpectedVersion.Any) } }),
            ("checks_alone", new LogAppend { Checks = new StreamCheck[] { new("a", ExpectedVersion.Any) } }),
        ];
        foreach (var (name, append) in rows)
            yield return new($"Append_with_{name}_is_refused", log => log.RefusesAsync<ArgumentException>(append));
        yield return new("Append_with_a_tag_twice_on_one_event_is_refused", log => log.RefusesAsync<InvalidEventException>(Make.Append("a", Make.Event(tags: ["a:1", "a:1"]))));
    }

    private static IEnumerable<ContractCase> Sizes()
    {
        var (one, all) = (new LogLimits().MaxEventBytes, new LogLimits().MaxAppendBytes);
        foreach (var delta in new[] { -1, 0 })
        {
            yield return new(delta == 0 ? "Event_at_the_limit_is_stored" : "Event_of_1_byte_under_the_limit_is_stored", log => Stores(log, Make.Append("a", Make.Sized(one + delta))));
            yield return new(delta == 0 ? "Append_at_the_limit_is_stored" : "Append_of_1_byte_under_the_limit_is_stored", log => Stores(log, Filling(all + delta, one)));
        }

        yield return new("Event_of_1_byte_over_the_limit_is_refused", log => IsTooLarge(log, Make.Append("a", Make.Event(), Make.Sized(one + 1)), one + 1, one));
        yield return new("Append_of_1_byte_over_the_limit_is_refused", log => IsTooLarge(log, Filling(all + 1, one), all + 1, all));
        yield return new("Metadata_and_tags_count_for_the_limit_of_an_event", log => IsTooLarge(
            log, Make.Append("a", new LogEvent { Type = "T", Data = new byte[one - 4], Metadata = new byte[2], Tags = [new("é", "")] }), one + 1, one));
    }

    private static async Task Stores(LogUnderTest log, LogAppend append)
    {
        Expect.Equal(append.Count, (await log.AppendAsync(append).ConfigureAwait(false)).Count, "events");
        var sizes = append.Writes.Span[0].Events.ToArray().Select(e => e.Data.Length);
        Expect.Equal(sizes, (await log.ReadAllAsync().ConfigureAwait(false)).Select(e => e.Data.Length), "sizes");
    }

    private static async Task IsTooLarge(LogUnderTest log, LogAppend append, long bytes, long limit)
    {
        var refusal = await log.RefusesAsync<EventTooLargeException>(append).ConfigureAwait(false);
        Expect.Equal((bytes, limit), (refusal.Bytes, refusal.Limit), "bytes and limit");
    }

    private static LogAppend Filling(int bytes, int most)
    {
        var sizes = new List<int>();
        for (; bytes > 0; bytes -= sizes[^1]) sizes.Add(Math.Min(bytes, most));
        return Make.Append("a", [.. sizes.Select(Make.Sized)]);
    }
}
