using EventSourcing.Testing;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Deciding;

/// <summary>A mutable state is created for each load: no load sees the events of another one.</summary>
public sealed class MutableStateTests
{
    private static readonly EventQuery s_notes = EventQuery.Of<Noted>();
    private EventStore _store = null!;

    [SetUp]
    public async Task FillAsync()
    {
        _store = new(new InMemoryEventLog(), School.Types);
        await _store.AppendAsync("a", ExpectedVersion.NoStream, [new Noted("1"), new Noted("2")]);
    }

    [TearDown]
    public async Task CloseAsync() => await _store.DisposeAsync();

    private static async Task TwiceAsync(Func<Task<int>> call)
    {
        (await call()).Should().Be(2);
        (await call()).Should().Be(2, "a second load has a state of its own");
    }

    private static int Fold(Counter counter) => counter.Count;

    [Test]
    public Task Load() => TwiceAsync(async () => Fold((await _store.LoadAsync<Counter>("a")).State));

    [Test]
    public Task Execute_on_a_stream() => TwiceAsync(async () => Fold((await _store.ExecuteAsync<Counter>("a", _ => [])).State));

    [Test]
    public Task Execute_over_a_query() => TwiceAsync(async () => Fold((await _store.ExecuteAsync<Counter>(s_notes, _ => [])).State));

    [Test]
    public async Task Execute_over_a_kept_model_of_two_states()
    {
        var model = DecisionModel.Of<Counter>(s_notes).And(DecisionModel.Of(s_notes, () => new Counter(), (counter, e) => counter.Apply(e)));
        await TwiceAsync(async () =>
        {
            var (first, second) = (await _store.ExecuteAsync(model, (_, _) => [])).State;
            first.Should().NotBeSameAs(second);
            return (first.Count + second.Count) / 2;
        });
    }

    [Test]
    public async Task Execute_by_a_kept_decider()
    {
        var decider = new Decider<string, Counter>(() => new(), (_, _) => [], (counter, e) => counter.Apply(e));
        await TwiceAsync(async () => Fold((await _store.ExecuteAsync("a", decider, "x")).State));
    }

    [Test]
    public async Task Command_context()
    {
        var counts = new List<int>();
        var bus = new CommandBus(_store, handlers => handlers.Add(SchoolJson.Default.Note, async (_, context, token) =>
        {
            counts.Add((await context.LoadAsync<Counter>("a", token)).Count);
            counts.Add((await context.LoadAsync<Counter>("a", token)).Count);
            counts.Add((await context.LoadAsync<Counter>(s_notes, token)).Count);
            return [];
        }));
        await bus.SendAsync(new Note("a", "x"));
        await bus.SendAsync(new Note("a", "x"));
        counts.Should().Equal(2, 2, 2, 2, 2, 2);
    }

    [Test]
    public Task Fold_of_a_stream() => TwiceAsync(async () => Fold((await _store.FoldStreamAsync("a", () => new Counter(), (counter, e) => counter.Apply(e))).State));

    [Test]
    public Task Fold_of_a_query() => TwiceAsync(async () => Fold((await _store.FoldAsync(s_notes, () => new Counter(), (counter, e) => counter.Apply(e))).State));

    [Test]
    public Task Repository() => TwiceAsync(async () => (await _store.GetRepository<CounterAggregate>().LoadAsync("a")).Count);

    [Test]
    public async Task Repeated_command_gives_the_state_of_the_first_time()
    {
        var options = new ExecuteOptions { CommandId = "c" };
        (await _store.ExecuteAsync<Counter>("a", _ => [new Noted("3")], options)).State.Count.Should().Be(3);
        await _store.AppendAsync("a", ExpectedVersion.Any, [new Noted("4")]);
        (await _store.ExecuteAsync<Counter>("a", _ => [new Noted("3")], options)).State.Count.Should().Be(3);
    }

    [Test]
    public async Task Decision_after_a_conflict_stands_on_each_event_once()
    {
        var seen = new List<int>();
        await DecideAsync(decide => _store.ExecuteAsync("a", decide));
        await DecideAsync(decide => _store.ExecuteAsync(s_notes, decide));
        seen.Should().Equal(2, 3, 3, 4);

        async Task DecideAsync(Func<Func<Counter, IEnumerable<object>>, ValueTask<ExecuteResult<Counter>>> execute)
        {
            var isFirst = true;
            var executed = await execute(counter =>
            {
                seen.Add(counter.Count);
                if (isFirst) Task.Run(async () => await _store.AppendAsync("a", ExpectedVersion.Any, [new Noted("other")])).Wait();
                isFirst = false;
                return [EventData.For("a", new UserRegistered("1", "x"))];
            });
            executed.State.Count.Should().Be(seen[^1]);
        }
    }

    [Test]
    public void Specification_folds_a_mutable_state()
    {
        var school = new Specification(School.Types);
        school.Given(new Noted("1")).When<Counter>(_ => [new Noted("2")]).ThenState(counter => counter.Count == 2);
        school.Given(new Noted("1")).When(new Decider<int, Counter>(() => new(), (_, _) => [], (counter, e) => counter.Apply(e)), 1).ThenState(counter => counter.Count == 1);
    }

    [Test]
    public void Specification_refuses_a_state_that_is_shared_between_folds()
    {
        var school = new Specification(School.Types);
        var shared = FluentActions.Invoking(() => school.Given(new Noted("1")).When<SharedCounter>(_ => [])).Should().Throw<SpecificationException>().Which;
        shared.What.Should().Contain("Create()").And.Contain(nameof(SharedCounter)).And.Contain("Count").And.Contain("Return a new object");
        (shared.Expected, shared.Found).Should().Be(("0", "1"));
        // The same events twice leave a set as it is: the first state shows it all the same.
        var set = new HashSet<string>();
        var decider = new Decider<int, HashSet<string>>(() => set, (_, _) => [], (texts, e) =>
        {
            texts.Add(((Noted)e).Text);
            return texts;
        });
        FluentActions.Invoking(() => school.Given(new Noted("1")).When(decider, 1)).Should().Throw<SpecificationException>().WithMessage("*Create()*");
    }

    [Test]
    public void Specification_refuses_a_fold_that_depends_on_more_than_its_events()
    {
        var folds = 0;
        var decider = new Decider<int, int>(() => 0, (_, _) => [], (_, _) => ++folds);
        FluentActions.Invoking(() => new Specification(School.Types).Given(new Noted("1")).When(decider, 1)).Should().Throw<SpecificationException>()
            .WithMessage("*differs when the same events are folded a second time*");
    }

    [Test]
    public void Specification_refuses_a_decision_that_changes_its_state() =>
        FluentActions.Invoking(() => new Specification(School.Types).Given().When<Counter>(counter =>
        {
            counter.Apply(new Noted("x"));
            return [new Noted("x")];
        })).Should().Throw<SpecificationException>().WithMessage("*after the decision differs*Count*");

    private sealed class Counter : IState<Counter>
    {
        internal int Count { get; private set; }

        public static Counter Create() => new();

        public Counter Apply(object @event)
        {
            if (@event is Noted) Count++;
            return this;
        }
    }

    private sealed class SharedCounter : IState<SharedCounter>
    {
        private static readonly SharedCounter s_first = new();

        internal int Count { get; private set; }

        public static SharedCounter Create() => s_first;

        public SharedCounter Apply(object @event)
        {
            Count++;
            return this;
        }
    }

    private sealed class CounterAggregate : Aggregate
    {
        internal int Count { get; private set; }

        protected override void Apply(object @event) => Count++;
    }
}
