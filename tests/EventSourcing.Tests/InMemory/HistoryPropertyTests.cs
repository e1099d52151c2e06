using CsCheck;
using EventSourcing.InMemory;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.InMemory;

/// <summary>Random logs that are restored to an older state and go on in another way, under a clock that stands still and with the same ids supplied.</summary>
public class HistoryPropertyTests
{
    private const int Histories = 10_000;

    /// <summary>One append of up to three events: its stream, and for each event a type and whether it has an id of the caller's.</summary>
    private static readonly Gen<(string Stream, (int Type, bool HasId)[] Events)> Step =
        Gen.Select(Gen.Int[0, 2].Select(n => $"s-{n}"), Gen.Select(Gen.Int[0, 2], Gen.Bool).Array[1, 3]);

    private static readonly Gen<(RangeRead Read, int SwitchAfter)> Reads = Gen.Select(
        Gen.Int[0, 4], Gen.Int[0, 3], Gen.Bool, Gen.Int[1, 4], Gen.Int[0, 5], Gen.Int[0, 4]).Select((stream, query, backward, size, after, pages) =>
    {
        LogQuery? asked = query switch { 0 => null, 1 => LogQuery.OfTypes("t0"), 2 => LogQuery.All.Tagged("type", "1"), _ => LogQuery.OfTypes("none") };
        var direction = backward ? ReadDirection.Backward : ReadDirection.Forward;
        RangeRead read = stream < 3
            ? new StreamRead($"s-{stream}") { Query = asked, Direction = direction, MaxCount = size, IncludeToken = true }
            : new AllRead { Query = asked, Direction = direction, MaxCount = size, AfterPosition = GlobalPosition.FromInt64(after), IncludeToken = true };
        return (read, pages);
    });

    private static readonly Gen<((string, (int, bool)[])[] Shared, (string, (int, bool)[])[] Before, (string, (int, bool)[])[] After)> Forks =
        Gen.Select(Step.Array[0, 8], Step.Array[0, 6], Step.Array[0, 6]);

    [Test]
    public void A_token_is_taken_by_a_history_that_has_its_event_and_by_no_other() =>
        Gen.Select(Forks, Gen.Int[0, 3]).Sample(
            (fork, erased) =>
            {
                var (before, after, shared) = Fork(fork);
                var tokens = Tokens(before);
                if (erased < 3) Erase(before, $"s-{erased}");
                if (erased < 2) Erase(after, $"s-{erased}");
                for (var i = 0; i < tokens.Count; i++)
                {
                    var isShared = i < shared;
                    Takes(before, tokens[i]).Should().BeTrue("a log takes its own tokens, of erased events too");
                    Takes(after, tokens[i]).Should().Be(isShared);
                    Condition(after, tokens[i]).Should().Be(isShared);
                }

                Takes(after, HeadTokenOf(before)).Should().Be(tokens.Count <= shared);
            },
            iter: Histories);

    [Test]
    public void A_read_that_continues_in_another_history_says_so_or_reads_what_that_history_holds() =>
        Gen.Select(Forks, Reads).Sample(
            (fork, asked) =>
            {
                var (before, after, _) = Fork(fork);
                var (first, switchAfter) = asked;
                if (first is AllRead { AfterPosition: var position } && (position.ToInt64() > HeadOf(before) || position.ToInt64() > HeadOf(after))) return;
                var (seen, log, next) = (new List<ResumeToken>(), before, first);
                var bound = default(GlobalPosition?);
                try
                {
                    for (var pages = 0; next is not null; pages++)
                    {
                        if (pages == switchAfter) log = after;
                        using var page = log.ReadAsync(next, CancellationToken.None).AsTask().GetAwaiter().GetResult();
                        bound ??= page.Token.Position;
                        foreach (ref readonly var e in page.Events) seen.Add(e.Token);
                        next = next.Next(page);
                    }
                }
                catch (LogDivergedException)
                {
                    return;
                }

                if (log == before) return;
                var expected = Read(after, first).Where(token => first.Direction == ReadDirection.Forward || token.Position <= bound).ToList();
                seen.Should().Equal(expected, "nothing of the history is skipped, and nothing is of the other one");
            },
            iter: Histories);

    [Test]
    public void A_follower_that_finds_another_history_says_so_or_misses_nothing() =>
        Gen.Select(Forks, Gen.Int[0, 3], Gen.Int[1, 4], Gen.Int[0, 12]).Sample(
            (fork, query, size, through) =>
            {
                var (before, after, _) = Fork(fork);
                LogQuery? asked = query switch { 0 => null, 1 => LogQuery.OfTypes("t0"), 2 => LogQuery.All.Tagged("type", "1"), _ => LogQuery.OfTypes("none") };
                var (seen, token, position) = (new List<ResumeToken>(), ResumeToken.Start, GlobalPosition.Start);
                // It follows the first history as far as it comes with a few pages, then the other one to its end.
                for (var pages = 0; pages < through; pages++)
                    if (Follow(before)) break;
                try
                {
                    while (!Follow(after))
                    {
                    }
                }
                catch (LogDivergedException)
                {
                    return;
                }

                seen.Should().Equal(Read(after, new AllRead { Query = asked, IncludeToken = true }));

                bool Follow(InMemoryEventLog log)
                {
                    var read = new AllRead { Query = asked, MaxCount = size, AfterPosition = position, Token = token, IncludeToken = true };
                    using var page = log.ReadAsync(read, CancellationToken.None).AsTask().GetAwaiter().GetResult();
                    foreach (ref readonly var e in page.Events) seen.Add(e.Token);
                    position = page.IsLast ? page.Head : GlobalPosition.FromInt64(page.Next - 1);
                    token = page.Token > token ? page.Token : token;
                    return page.IsLast;
                }
            },
            iter: Histories);

    private static (InMemoryEventLog Before, InMemoryEventLog After, int Shared) Fork(((string, (int, bool)[])[] Shared, (string, (int, bool)[])[] Before, (string, (int, bool)[])[] After) fork)
    {
        var (before, _) = Log();
        var (after, events) = Log();
        var next = 1;
        foreach (var step in fork.Shared)
        {
            Append(before, step, next);
            next = Append(after, step, next);
        }

        var shared = HeadOf(after);
        events.UseMarks(MarkSource.From(2));
        var again = next;
        foreach (var step in fork.Before) again = Append(before, step, again);
        foreach (var step in fork.After) next = Append(after, step, next);
        return (before, after, (int)shared);
    }

    private static (InMemoryEventLog Log, EventTable Events) Log()
    {
        var events = new EventTable(12345, MarkSource.From(1));
        return (new(new() { TimeProvider = new StillClock() }, events), events);
    }

    private static int Append(InMemoryEventLog log, (string Stream, (int Type, bool HasId)[] Events) step, int next)
    {
        var events = step.Events.Select(e => new LogEvent
        {
            Type = $"t{e.Type}",
            Data = "{}"u8.ToArray(),
            IsJson = true,
            Tags = [new("type", $"{e.Type}")],
            Id = e.HasId ? new Guid(next++, 7, 7, 1, 2, 3, 4, 5, 6, 7, 8) : null,
        }).ToArray();
        log.AppendAsync(new() { Writes = new StreamWrite[] { new(step.Stream, ExpectedVersion.Any, events) } }, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        return next;
    }

    private static void Erase(InMemoryEventLog log, StreamId stream) => log.EraseAsync(stream, 100).AsTask().GetAwaiter().GetResult();

    private static long HeadOf(InMemoryEventLog log) => log.GetHeadAsync().AsTask().GetAwaiter().GetResult().ToInt64();

    private static ResumeToken HeadTokenOf(InMemoryEventLog log) => log.GetHeadTokenAsync().AsTask().GetAwaiter().GetResult();

    private static List<ResumeToken> Tokens(InMemoryEventLog log) => Read(log, new AllRead { IncludeToken = true });

    private static List<ResumeToken> Read(InMemoryEventLog log, RangeRead read)
    {
        var tokens = new List<ResumeToken>();
        for (var next = read; next is not null;)
        {
            using var page = log.ReadAsync(next, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            foreach (ref readonly var e in page.Events) tokens.Add(e.Token);
            next = next.Next(page);
        }

        return tokens;
    }

    private static bool Takes(InMemoryEventLog log, ResumeToken token)
    {
        try
        {
            using var page = log.ReadAsync(new AllRead { AfterPosition = token.Position, Token = token }, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            return true;
        }
        catch (LogDivergedException e)
        {
            e.Token.Should().Be(token);
            (e.Found is null).Should().Be(token.Position > e.Head);
            return false;
        }
    }

    // True where the condition was judged, whether an event matched it or not; a command without events leaves the history as it is.
    private static bool Condition(InMemoryEventLog log, ResumeToken token)
    {
        try
        {
            log.AppendAsync(new() { CommandId = Guid.NewGuid().ToString(), Condition = new(LogQuery.All, token) }, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            return true;
        }
        catch (AppendConditionFailedException)
        {
            return true;
        }
        catch (LogDivergedException)
        {
            return false;
        }
    }

    private sealed class StillClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    }
}
