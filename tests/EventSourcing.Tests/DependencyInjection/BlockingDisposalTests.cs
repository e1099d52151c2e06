using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace EventSourcing.Tests.DependencyInjection;

public sealed class BlockingDisposalTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    private sealed class NoteTaker : ICommandHandler<Note>
    {
        public Task<IEnumerable<object>> HandleAsync(Note command, CommandContext context, CancellationToken cancellationToken) => Task.FromResult<IEnumerable<object>>([EventData.For(command.Stream, new Noted(command.Text))]);
    }

    [Test]
    public void Container_with_everything_in_use_is_disposed_by_using()
    {
        IEventStore store;
        var handled = new ManualResetEventSlim();
        using (var services = new ServiceCollection()
            .AddEventSourcing(es => es.UseInMemory().UseEventTypes(School.Types).AddCommandHandler<Note, NoteTaker>(SchoolJson.Default.Note))
            .BuildServiceProvider())
        {
            store = services.GetRequiredService<IEventStore>();
            var bus = services.GetRequiredService<EventBus>();
            SingleThread.Run(async () =>
            {
                await bus.SubscribeAsync<Noted>("notes", (_, _, _) =>
                {
                    handled.Set();
                    return Task.CompletedTask;
                });
                await bus.SubscribeLiveAsync(EventFilter.All, (_, _) => Task.CompletedTask);
                await services.GetRequiredService<ICommandBus>().SendAsync(new Note("a", "x"));
            });
            handled.Wait(s_patience).Should().BeTrue();
        }

        store.Invoking(s => s.GetHeadAsync().AsTask()).Should().ThrowAsync<ObjectDisposedException>();
    }

    // The disposal comes back to the thread that blocks for it, where something has captured its context.
    [Test]
    public void Disposal_does_not_wait_for_the_one_thread_that_blocks() => SingleThread.Run(async () =>
    {
        await Task.Yield();
        var log = new Capturing(new InMemoryEventLog());
        ((IDisposable)log).Dispose();
        log.IsClosed.Should().BeTrue();
        SynchronizationContext.Current.Should().BeOfType<SingleThread>("the thread has its context again");
    });

    [Test]
    public void What_a_disposal_throws_is_thrown_as_it_is()
    {
        var act = () => BlockingDisposal.Run(async () =>
        {
            await Task.Yield();
            throw new SubscriptionException("a", GlobalPosition.Start, "still running", null);
        }, s_patience, "it");
        act.Should().Throw<SubscriptionException>();
    }

    [Test]
    public void Disposal_that_does_not_end_is_not_waited_for_any_longer()
    {
        var never = new TaskCompletionSource();
        var act = () => BlockingDisposal.Run(() => new(never.Task), TimeSpan.FromMilliseconds(10), "EventStore");
        act.Should().Throw<TimeoutException>().WithMessage("EventStore was not disposed within*continues in the background*");
        never.SetResult();
    }

    [Test]
    public async Task Stores_and_logs_are_disposed_by_using()
    {
        EventStore store;
        using (store = new EventStore(new InMemoryEventLog(), School.Types)) await store.AppendAsync("a", ExpectedVersion.NoStream, [new Noted("x")]);
        await store.Invoking(s => s.GetHeadAsync().AsTask()).Should().ThrowAsync<ObjectDisposedException>();
        store.Dispose();
        await store.DisposeAsync();
    }

    // A log of somebody's own that implements no Dispose: the contract's does it.
    private sealed class Capturing(IEventLog inner) : IEventLog
    {
        internal bool IsClosed { get; private set; }

        public ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken) => inner.AppendAsync(append, cancellationToken);

        public ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken) => inner.ReadAsync(read, cancellationToken);

        public ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken) => inner.WaitAsync(after, cancellationToken);

        public ValueTask<IReadOnlyList<StoredRecord>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken) =>
            inner.ReadRecordsAsync(kind, from, through, max, cancellationToken);

        public ValueTask<LogWritten> WriteAsync(LogWrite write, CancellationToken cancellationToken) => inner.WriteAsync(write, cancellationToken);

        public async ValueTask DisposeAsync()
        {
            await Task.Yield();
            await inner.DisposeAsync();
            IsClosed = true;
        }
    }
}
