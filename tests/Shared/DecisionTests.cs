using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>Decisions over queries, on any log.</summary>
public abstract class DecisionTests
{
    private const int Workers = 16;

    private EventStore _store = null!;
    private CountingLog _log = null!;

    protected abstract IEventLog OpenLog();

    [SetUp]
    public void Open() => _store = new(_log = new(OpenLog()), School.Types);

    [TearDown]
    public async Task CloseAsync() => await _store.DisposeAsync();

    private ValueTask<ExecuteResult<EventCount>> RegisterAsync(string user, string email, ExecuteOptions? options = null) =>
        _store.ExecuteAsync<EventCount>(EventQuery.Of<UserRegistered>().Tagged("email", email),
            seen => seen.Any ? throw new Refused($"{email} is taken") : [EventData.For($"user-{user}", new UserRegistered(user, email))], options);

    private async Task RefusesAsync(Func<Task> act, string reason)
    {
        var head = await _store.GetHeadAsync();
        await act.Should().ThrowAsync<Refused>().WithMessage(reason);
        (await _store.GetHeadAsync()).Should().Be(head);
    }

    [Test]
    public async Task A_unique_value_is_given_once()
    {
        var first = await RegisterAsync("1", "ann@example.com");
        (first.State.Count, first.EventsRead, first.StreamVersion, first.Position.ToInt64(), first.WasDuplicate).Should().Be((1, 0, 0, 1, false));
        await RefusesAsync(async () => await RegisterAsync("2", "ann@example.com"), "*taken");
    }

    [Test]
    public async Task A_unique_value_is_given_once_to_many_at_once()
    {
        var won = await TogetherAsync(async worker =>
        {
            try
            {
                await RegisterAsync($"{worker}", "ann@example.com");
                return true;
            }
            catch (Refused)
            {
                return false;
            }
        });
        won.Count(w => w).Should().Be(1);
        (await _store.GetHeadAsync()).ToInt64().Should().Be(1);
    }

    [Test]
    public async Task An_event_without_a_stream_is_refused_by_name()
    {
        var act = async () => await _store.ExecuteAsync<EventCount>(EventQuery.Of<UserRegistered>(), _ => [new UserRegistered("1", "a")]);
        (await act.Should().ThrowAsync<InvalidEventException>()).Which.Type.Should().Be("user-registered");
        (await _store.GetHeadAsync()).Should().Be(GlobalPosition.Start);
    }

    [Test]
    public async Task An_expected_version_that_is_not_met_is_not_tried_again()
    {
        await _store.AppendAsync("user-1", ExpectedVersion.Any, [new Noted("here before")]);
        var act = async () => await RegisterAsync("1", "a", new() { Require = [new("user-1", ExpectedVersion.NoStream)] });
        await act.Should().ThrowAsync<WrongExpectedVersionException>();
        _log.Counts.Should().Be((2, 1));
    }

    [Test]
    public async Task Versions_checks_and_a_condition_go_into_one_append()
    {
        await _store.AppendAsync("customer-7", ExpectedVersion.NoStream, [new Noted("customer")]);
        var head = (await _store.FoldAsync(EventQuery.Of<UserRegistered>(), () => 0, (n, _) => n + 1)).Position;
        Append Everything() => new Append()
            .To("a", ExpectedVersion.NoStream, [new Noted("1")]).To("b", ExpectedVersion.Any, [new Noted("2")])
            .Require("customer-7", ExpectedVersion.Exactly(1)).FailIf(EventQuery.Of<UserRegistered>(), head);
        (await _store.AppendAsync(Everything())).Count.Should().Be(2);
        await RegisterAsync("1", "a@b");
        var late = async () => await _store.AppendAsync(new Append().To("c", ExpectedVersion.NoStream, [new Noted("3")]).FailIf(EventQuery.Of<UserRegistered>(), head));
        await late.Should().ThrowAsync<AppendConditionFailedException>();
    }

    [Test]
    public async Task A_repeated_command_is_not_decided_again_and_gives_the_first_state()
    {
        await _store.DefineAsync("c1", 3);
        var attempts = 0;
        var options = new ExecuteOptions { CommandId = "subscribe-1" };
        var first = await _store.SubscribeAsync("c1", "s1", () => attempts++, options);
        await _store.SubscribeAsync("c1", "s2");
        var again = await _store.SubscribeAsync("c1", "s1", () => attempts++, options);
        attempts.Should().Be(1);
        (again.State, again.Position, again.WasDuplicate).Should().Be((first.State, first.Position, true));
        again.State.Item1.Subscriptions.Should().Be(1);
    }

    [Test]
    public async Task A_command_that_does_nothing_is_remembered()
    {
        var options = new ExecuteOptions { CommandId = "nothing" };
        (await _store.ExecuteAsync<EventCount>(EventQuery.Of<Noted>(), _ => [], options)).WasDuplicate.Should().BeFalse();
        await _store.AppendAsync("a", ExpectedVersion.Any, [new Noted("x")]);
        var again = await _store.ExecuteAsync<EventCount>(EventQuery.Of<Noted>(), _ => throw new Refused("decided again"), options);
        (again.WasDuplicate, again.State.Any).Should().Be((true, false));
    }

    [Test]
    public async Task A_conflict_is_decided_again_on_the_events_in_between()
    {
        var isFirst = true;
        var executed = await _store.ExecuteAsync(DecisionModel.Of<EventCount>(EventQuery.Of<Noted>()), seen =>
        {
            if (isFirst) _store.AppendAsync("x", ExpectedVersion.Any, [new Noted("between")]).AsTask().GetAwaiter().GetResult();
            isFirst = false;
            return [EventData.For("y", new Noted($"{seen.Count}"))];
        });
        executed.State.Count.Should().Be(2);
        _log.Counts.Should().Be((3, 1));
        (await _store.ReadStreamAsync("y").FirstAsync()).Data.Should().Be(new Noted("1"));
    }

    [Test]
    public async Task Conflicts_without_end_are_given_up()
    {
        var act = async () => await _store.ExecuteAsync<EventCount>(EventQuery.Of<Noted>(), _ =>
        {
            _store.AppendAsync("x", ExpectedVersion.Any, [new Noted("between")]).AsTask().GetAwaiter().GetResult();
            return [EventData.For("y", new Noted("mine"))];
        }, new() { MaxAttempts = 3 });
        await act.Should().ThrowAsync<AppendConditionFailedException>();
        _log.Counts.Should().Be((6, 3));
    }

    [Test]
    public async Task Each_fold_of_a_model_sees_its_own_events_only()
    {
        await _store.DefineAsync("c1", 3);
        await _store.DefineAsync("c2", 3);
        await _store.SubscribeAsync("c2", "s1");
        var (course, courses, subscription) = (await _store.SubscribeAsync("c1", "s1")).State;
        (course.Subscriptions, courses.Count, subscription.Count).Should().Be((1, 2, 1));
    }

    [Test]
    public async Task Courses_keep_the_rules_of_the_specification()
    {
        await RefusesAsync(async () => await _store.ChangeCapacityAsync("c1", 5), "*unknown");
        await RefusesAsync(async () => await _store.SubscribeAsync("c1", "s1"), "*unknown");
        await _store.DefineAsync("c1", 1);
        await RefusesAsync(async () => await _store.DefineAsync("c1", 9), "*exists");
        await RefusesAsync(async () => await _store.ChangeCapacityAsync("c1", 1), "*this capacity");
        await _store.SubscribeAsync("c1", "s1");
        await RefusesAsync(async () => await _store.SubscribeAsync("c1", "s2"), "*fully booked");
        await _store.ChangeCapacityAsync("c1", 2);
        await RefusesAsync(async () => await _store.SubscribeAsync("c1", "s1"), "*already");
        await _store.SubscribeAsync("c1", "s2");
        for (var i = 2; i <= School.MaxCoursesPerStudent; i++)
        {
            await _store.DefineAsync($"c{i}", 9);
            await _store.SubscribeAsync($"c{i}", "s1");
        }

        await _store.DefineAsync("c9", 9);
        await RefusesAsync(async () => await _store.SubscribeAsync("c9", "s1"), "*5 courses");
    }

    [Test]
    public async Task Many_students_at_once_break_no_rule()
    {
        const int courses = 8, students = 12, capacity = 6, tries = 20;
        for (var i = 0; i < courses; i++) await _store.DefineAsync($"{i}", capacity);
        var attempts = 0;
        var stored = await TogetherAsync(async worker =>
        {
            var random = new Random(worker);
            var won = 0;
            for (var i = 0; i < tries; i++)
            {
                try
                {
                    await _store.SubscribeAsync($"{random.Next(courses)}", $"{random.Next(students)}", () => Interlocked.Increment(ref attempts), new() { MaxAttempts = 1000 });
                    won++;
                }
                catch (Refused)
                {
                    // A rule said no, and so it should.
                }
            }

            return won;
        });

        List<StudentSubscribed> all = [];
        await foreach (var e in _store.ReadAllAsync(EventQuery.Of<StudentSubscribed>())) all.Add((StudentSubscribed)e.Data);
        TestContext.Out.WriteLine($"{Workers} workers: {attempts} attempts, {_log.Counts.Conflicts} conflicts, {all.Count} subscriptions");
        all.Should().HaveCount(stored.Sum()).And.OnlyHaveUniqueItems();
        all.GroupBy(s => s.Course).Should().OnlyContain(course => course.Count() <= capacity);
        all.GroupBy(s => s.Student).Should().OnlyContain(student => student.Count() <= School.MaxCoursesPerStudent);
    }

    private static async Task<T[]> TogetherAsync<T>(Func<int, Task<T>> work) =>
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(() => work(worker))));
}
