using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>States of the past on any log: compared with folds by hand over random histories and points.</summary>
public abstract class TimeTravelTests
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private FakeTimeProvider _clock = null!;
    private EventStore _store = null!;

    protected abstract IEventLog OpenLog(TimeProvider clock);

    /// <summary>Erases the events of a stream through a version.</summary>
    protected abstract ValueTask EraseAsync(IEventLog log, StreamId stream, long throughVersion);

    [SetUp]
    public void SetUp()
    {
        _clock = new(s_start);
        _store = new(OpenLog(_clock), School.Types);
    }

    [TearDown]
    public async Task TearDown() => await _store.DisposeAsync();

    [Test]
    public async Task States_equal_folds_by_hand_at_random_points()
    {
        var seed = Random.Shared.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var all = await FillAsync(random, 400);
        await EraseAsync(_store.Log, "note-2", 5);
        all = [.. all.Where(e => e.StreamId != "note-2" || e.Version > 5)];
        for (var i = 0; i < 1000; i++)
        {
            var (stream, course) = (new StreamId($"note-{random.Next(5)}"), $"{random.Next(3)}");
            var (point, belongs) = Any(random, stream, all);
            var now = all.Where(belongs).ToList();
            (await _store.StateAsync<Trace>(stream, point)).Text.Should().Be(string.Concat(now.Where(e => e.StreamId == stream).Select(TextOf)), "of {0} as of {1}", stream, point);
            if (point.ToString().StartsWith("version", StringComparison.Ordinal)) continue;
            (await _store.StateAsync<Trace>(EventQuery.Of<StudentSubscribed>().Tagged("course", course), point)).Text.Should()
                .Be(string.Concat(now.Where(e => e.Data is StudentSubscribed s && s.Course == course).Select(TextOf)), "of {0} as of {1}", course, point);
        }
    }

    [Test]
    public async Task Points_before_the_first_event_have_the_initial_state()
    {
        await _store.AppendAsync("a", ExpectedVersion.Any, [new Noted("1")]);
        foreach (var point in new[] { default, AsOf.Version(0), AsOf.Position(GlobalPosition.Start), AsOf.Time(s_start.AddTicks(-10)), AsOf.Time(DateTimeOffset.MinValue) })
            (await _store.StateAsync<Trace>("a", point)).Text.Should().BeEmpty();
        foreach (var point in new[] { AsOf.Head, AsOf.Version(1), AsOf.Time(s_start), AsOf.Time(DateTimeOffset.MaxValue) })
            (await _store.StateAsync<Trace>("a", point)).Text.Should().Be("1 ");
        (await _store.StateAsync<Trace>("none", AsOf.Head)).Text.Should().BeEmpty();
        (await _store.StateAsync<Trace>("none", AsOf.Version(0))).Text.Should().BeEmpty();
    }

    [Test]
    public async Task Points_beyond_the_end_are_refused()
    {
        await _store.AppendAsync("a", ExpectedVersion.Any, [new Noted("1")]);
        var beyond = GlobalPosition.FromInt64(2);
        var error = (await FluentActions.Awaiting(() => _store.StateAsync<Trace>("a", AsOf.Version(2)).AsTask()).Should().ThrowAsync<VersionOutOfRangeException>().WithMessage("Stream 'a' has no version 2: its last event has version 1.*")).Which;
        (error.StreamId, error.Version, error.StreamVersion, error.IsTransient).Should().Be((new StreamId("a"), 2, 1, false));
        await FluentActions.Awaiting(() => _store.StateAsync<Trace>("a", AsOf.Position(beyond)).AsTask()).Should().ThrowAsync<PositionOutOfRangeException>();
        await FluentActions.Awaiting(() => _store.StateAsync<Trace>(EventQuery.All, AsOf.Position(beyond)).AsTask()).Should().ThrowAsync<PositionOutOfRangeException>();
        await FluentActions.Awaiting(() => _store.StateAsync<Trace>(EventQuery.All, AsOf.Version(1)).AsTask()).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => _store.StateAsync<Trace>(default(StreamId), AsOf.Head).AsTask()).Should().ThrowAsync<ArgumentException>();
        (await _store.StateAsync<Trace>(EventQuery.Of<Noted>().InStream("a"), AsOf.Version(1))).Text.Should().Be("1 ");
    }

    [Test]
    public async Task A_model_of_two_states_is_loaded_as_of_a_point()
    {
        await _store.DefineAsync("1", 10);
        await _store.SubscribeAsync("1", "ann");
        await _store.SubscribeAsync("1", "bob");
        var model = School.CourseOf("1").And(School.CoursesOf("ann"));
        var (course, courses) = await _store.StateAsync(model, AsOf.Position(GlobalPosition.FromInt64(2)));
        (course.Capacity, course.Subscriptions, courses.Count).Should().Be((10, 1, 1));
        (course, courses) = await _store.StateAsync(model, AsOf.Position(GlobalPosition.FromInt64(1)));
        (course.Subscriptions, courses.Any).Should().Be((0, false));
    }

    private (AsOf Point, Func<EventEnvelope, bool> Belongs) Any(Random random, StreamId stream, List<EventEnvelope> all)
    {
        switch (random.Next(4))
        {
            case 0:
                var version = random.NextInt64(all.Where(e => e.StreamId == stream).Max(e => e.Version) + 1);
                return (AsOf.Version(version), e => e.StreamId == stream && e.Version <= version);
            case 1:
                var position = GlobalPosition.FromInt64(random.NextInt64(all[^1].Position.ToInt64() + 1));
                return (AsOf.Position(position), e => e.Position <= position);
            case 2:
                // Often exactly the time of an event.
                var time = random.Next(2) == 0 ? all[random.Next(all.Count)].Timestamp : s_start.AddMicroseconds(random.NextInt64(-1000, (_clock.GetUtcNow() - s_start).Ticks / 10));
                return (AsOf.Time(time.ToOffset(TimeSpan.FromHours(random.Next(-12, 13)))), e => e.Timestamp <= time);
            default:
                return (AsOf.Head, _ => true);
        }
    }

    private async Task<List<EventEnvelope>> FillAsync(Random random, int count)
    {
        for (var i = 0; i < 5; i++) await AppendAsync(i);
        for (var i = 5; i < count; i++) await AppendAsync(random.Next(5));
        return await _store.ReadAllAsync().ToListAsync();

        async Task AppendAsync(int number)
        {
            object e = random.Next(2) == 0 ? new Noted($"{random.Next(100)}") : new StudentSubscribed($"{random.Next(3)}", $"{random.Next(9)}");
            object[] events = random.Next(5) == 0 ? [e, new Noted("more")] : [e];
            await _store.AppendAsync($"note-{number}", ExpectedVersion.Any, number == 2 ? [e, .. events] : events);
            if (random.Next(3) > 0) _clock.Advance(TimeSpan.FromMicroseconds(random.Next(1, 1000)));
        }
    }

    private static string TextOf(EventEnvelope e) => Trace.TextOf(e.Data);

    /// <summary>The events themselves, in order.</summary>
    private sealed record Trace(string Text) : IState<Trace>
    {
        public static Trace Create() => new("");

        public Trace Apply(object @event) => new(Text + TextOf(@event));

        internal static string TextOf(object e) => e switch
        {
            Noted noted => $"{noted.Text} ",
            StudentSubscribed subscribed => $"{subscribed.Student}@{subscribed.Course} ",
            _ => "? ",
        };
    }
}
