using EventSourcing.Hosting;
using EventSourcing.Testing;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace EventSourcing.Tests.Deciding;

public class AsynchronousDelegateTests
{
    private sealed class Empty : Aggregate
    {
        protected override void Apply(object @event)
        {
        }
    }

    private static async void Later(Empty aggregate) => await Task.Yield();

    [Test]
    public async Task Update_by_an_asynchronous_delegate_is_refused_before_anything_is_done()
    {
        await using var store = new EventStore(new InMemoryEventLog(), School.Types);
        var called = false;
        var updates = new Action<Empty>[] { async _ => { called = true; await Task.Yield(); }, Later, (Action<Empty>)(_ => { }) + Later };
        foreach (var update in updates)
            await FluentActions.Awaiting(async () => await store.GetRepository<Empty>().UpdateAsync("s", update)).Should().ThrowAsync<ArgumentException>().WithParameterName("change");
        called.Should().BeFalse();
    }

    [Test]
    public void Asynchronous_delegates_that_nothing_would_wait_for_are_refused()
    {
        var store = new EventStore(new InMemoryEventLog(), School.Types);
        var specification = new Specification(School.Types);
        Action[] calls =
        [
            () => specification.Given().When<Empty>(async _ => await Task.Yield()),
            () => specification.Given().When(new object(), async (CommandHandlers _) => await Task.Yield()),
            () => _ = new CommandBus(store, async _ => await Task.Yield()),
            () => EventTypeMap.Create(null, async _ => await Task.Yield()),
            () => SubscriptionHandler.ByType(async _ => await Task.Yield()),
            () => new ServiceCollection().AddEventSourcing(async _ => await Task.Yield()),
            () => new ServiceCollection().AddEventSourcing("key", async _ => await Task.Yield()),
            () => new ServiceCollection().AddEventSourcing(es => es.UseInMemory(async _ => await Task.Yield())),
            () => new ServiceCollection().AddEventSourcing(es => es.ConfigureSubscriptions(async _ => await Task.Yield())),
            () => new ServiceCollection().AddEventSourcingHosting(async _ => await Task.Yield()),
            () => EventTypeMap.Create(SchoolJson.Default, map => map.Add<Noted>("noted", async _ => await Task.Yield())),
            () => DeliveryContext.Create().Enlist<object>(async _ => await Task.Yield()),
            () => specification.Given().When<EventCount>(_ => []).Then(async (IReadOnlyList<EventEnvelope> _) => await Task.Yield()),
            () => _ = new Decider<int, Task<int>>(() => Task.FromResult(0), (_, _) => [], async (n, _) => await n + 1),
            () => DecisionModel.Of(EventQuery.All, async () => { await Task.Yield(); return 0; }, async (n, _) => await n + 1),
        ];
        foreach (var call in calls) call.Should().Throw<ArgumentException>().WithMessage("*is asynchronous*");
    }
}
