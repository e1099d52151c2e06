using EventSourcing.Deciding;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Tests.Deciding;

/// <summary>Decisions that meet on one stream, on a clock that only the test moves.</summary>
public sealed class DecisionTurnTests
{
    private readonly FakeTimeProvider _clock = new();
    private EventStore _store = null!;
    private int _randomAsked;

    private ExecuteOptions Options => new() { TimeProvider = _clock, Randomness = () => ++_randomAsked > 0 ? 0.5 : 0 };

    [SetUp]
    public void Open() => _store = new(new InMemoryEventLog(), School.Types);

    [TearDown]
    public async Task CloseAsync() => await _store.DisposeAsync();

    private Task<ExecuteResult<EventCount>> DecideAsync(CancellationToken cancellationToken = default) =>
        _store.ExecuteAsync<EventCount>("hot", _ => [new Noted("x")], Options, cancellationToken).AsTask();

    /// <summary>A command that has met a conflict, has the turn, and ends when it is told to.</summary>
    private (Task Command, TaskCompletionSource MayEnd) HoldTurn()
    {
        var (mayEnd, attempts) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), 0);
        var bus = new CommandBus(_store, handlers => handlers.Add(SchoolJson.Default.Note, async (command, context, ct) =>
        {
            await context.LoadAsync<EventCount>("hot", ct);
            if (++attempts == 1) await _store.AppendAsync("hot", ExpectedVersion.Any, [new Noted("between")], ct);
            else await mayEnd.Task;
            return [EventData.For("hot", new Noted("held"))];
        }));
        return (bus.SendAsync(new Note("hot", "x")).AsTask(), mayEnd);
    }

    [Test, CancelAfter(30_000)]
    public async Task A_caller_that_comes_while_another_has_the_turn_decides_after_it()
    {
        var (command, mayEnd) = HoldTurn();
        var (second, third) = (DecideAsync(), DecideAsync());
        (command.IsCompleted, second.IsCompleted, third.IsCompleted).Should().Be((false, false, false));
        mayEnd.SetResult();
        await Task.WhenAll(command, second, third);
        (await _store.GetStreamInfoAsync("hot")).Version.Should().Be(4);
        (await _store.ReadStreamAsync("hot").Select(e => ((Noted)e.Data).Text).ToListAsync()).Should().Equal("between", "held", "x", "x");
        await DecideAsync();
    }

    [Test, CancelAfter(30_000)]
    public async Task A_decision_on_another_stream_waits_for_nobody()
    {
        var (command, mayEnd) = HoldTurn();
        await _store.ExecuteAsync<EventCount>("cold", _ => [new Noted("x")]);
        command.IsCompleted.Should().BeFalse();
        mayEnd.SetResult();
        await command;
    }

    [Test, CancelAfter(30_000)]
    public async Task A_decision_that_never_ends_is_waited_for_two_seconds_at_most()
    {
        var (command, mayEnd) = HoldTurn();
        var second = DecideAsync();
        _clock.Advance(TimeSpan.FromSeconds(1.9));
        second.IsCompleted.Should().BeFalse();
        _clock.Advance(TimeSpan.FromSeconds(0.2));
        await second;
        command.IsCompleted.Should().BeFalse();
        mayEnd.SetResult();
        await command;
    }

    [Test, CancelAfter(30_000)]
    public async Task A_cancelled_wait_for_a_turn_ends_at_once_and_lets_the_next_through()
    {
        var (command, mayEnd) = HoldTurn();
        using var cancel = new CancellationTokenSource();
        var (second, third) = (DecideAsync(cancel.Token), DecideAsync());
        await cancel.CancelAsync();
        await second.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();
        mayEnd.SetResult();
        await Task.WhenAll(command, third);
    }

    [Test, CancelAfter(30_000)]
    public async Task A_decision_inside_one_that_has_the_turn_does_not_wait_for_it()
    {
        var attempts = 0;
        var bus = new CommandBus(_store, handlers => handlers.Add(SchoolJson.Default.Note, async (command, context, ct) =>
        {
            await context.LoadAsync<EventCount>("hot", ct);
            if (++attempts <= 2) await _store.ExecuteAsync<EventCount>("hot", _ => [new Noted("inside")], cancellationToken: ct);
            return [EventData.For("hot", new Noted("outside"))];
        }));
        await bus.SendAsync(new Note("hot", "x"));
        attempts.Should().Be(3);
    }

    [Test, CancelAfter(30_000)]
    public async Task From_the_third_conflict_on_there_are_pauses_of_random_length()
    {
        var attempts = 0;
        var decision = _store.ExecuteAsync<EventCount>("hot", _ =>
        {
            if (++attempts <= 3) _store.AppendAsync("hot", ExpectedVersion.Any, [new Noted("between")]).AsTask().IsCompletedSuccessfully.Should().BeTrue();
            return [new Noted("x")];
        }, Options).AsTask();
        (attempts, _randomAsked, decision.IsCompleted).Should().Be((3, 1, false));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await decision;
        attempts.Should().Be(4);
    }

    [Test]
    public void Windows_grow_with_conflicts_and_with_the_time_that_an_attempt_takes()
    {
        DecisionLoop.WindowAfter(1, TimeSpan.Zero).Should().Be(TimeSpan.Zero);
        DecisionLoop.WindowAfter(2, TimeSpan.FromSeconds(1)).Should().Be(TimeSpan.Zero);
        DecisionLoop.WindowAfter(3, TimeSpan.Zero).Should().Be(TimeSpan.FromMilliseconds(2));
        DecisionLoop.WindowAfter(4, TimeSpan.FromMilliseconds(5)).Should().Be(TimeSpan.FromMilliseconds(20));
        DecisionLoop.WindowAfter(1000, TimeSpan.FromMilliseconds(1)).Should().Be(TimeSpan.FromMilliseconds(256));
        DecisionLoop.WindowAfter(1000, TimeSpan.MaxValue).Should().Be(TimeSpan.FromSeconds(2));
    }
}
