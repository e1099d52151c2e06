using System.Collections;
using System.Reflection;
using EventSourcing.Storage;
using EventSourcing.Testing;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Architecture;

/// <summary>A collection that the library hands out cannot be changed through a cast: every public property is read from a real object.</summary>
public sealed class HandedOutTests
{
    // Collections of objects that the caller makes are the caller's. The raw form of an event (tags) and the answer of one write are handed on as the log made them, without a wrapper for each event
    // or write; their documentation says so.
    private static readonly Type[] s_handedOnAsGiven =
    [
        typeof(EventData), typeof(EventMetadata), typeof(ExecuteOptions), typeof(LogEvent), typeof(LogWrite), typeof(LogStatistics),
        typeof(EventDetails), typeof(RecordedEvent), typeof(LogWritten),
    ];

    private static readonly Assembly[] s_assemblies = [typeof(IEventStore).Assembly, typeof(Specification).Assembly, typeof(EventSourcing.Hosting.EventSourcingHostingOptions).Assembly];

    private EventStore _store = null!;
    private EventBus _bus = null!;

    [SetUp]
    public void Open()
    {
        _store = new(new InMemoryEventLog(), School.Types);
        _bus = new(_store);
    }

    [TearDown]
    public async Task CloseAsync()
    {
        await _bus.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Test]
    public async Task No_property_gives_a_collection_that_can_be_changed()
    {
        var samples = await SamplesAsync();
        var findings = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var property in Properties())
        {
            var owner = property.DeclaringType!;
            object?[] given = property.GetMethod!.IsStatic ? [null] : [.. samples.Where(sample => IsOf(owner, sample))];
            if (given.Length == 0) findings.Add($"{owner}.{property.Name}: the test has no object of it");
            foreach (var sample in given)
            {
                var value = (sample?.GetType() ?? owner).GetProperty(property.Name)!.GetValue(sample)!;
                if (CanBeChanged(value)) findings.Add($"{owner}.{property.Name} is a {value.GetType()}");
            }
        }

        findings.Should().BeEmpty();
    }

    [Test]
    public void Exceptions_keep_a_copy_of_the_lists_that_they_are_given()
    {
        var (ids, mismatches, violations) = (new[] { Guid.NewGuid() }, new VersionMismatch[] { new("a", ExpectedVersion.NoStream, 1) }, new List<string> { "wrong" });
        var (unknown, conflict, invalid) = (new AppendOutcomeUnknownException(ids, GlobalPosition.Start), new WrongExpectedVersionException(mismatches), new InvalidEventException("t", violations));
        (ids[0], mismatches[0], violations[0]) = (Guid.Empty, default, "other");
        unknown.EventIds.Should().NotContain(Guid.Empty);
        conflict.StreamId.Should().Be(new StreamId("a"));
        invalid.Violations.Should().Equal("wrong");
    }

    private static IEnumerable<PropertyInfo> Properties() =>
        from assembly in s_assemblies
        from type in assembly.GetExportedTypes()
        where !type.IsInterface && !s_handedOnAsGiven.Contains(type)
        from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
        where property.PropertyType != typeof(string) && property.PropertyType.IsAssignableTo(typeof(IEnumerable)) && property.PropertyType.Namespace!.StartsWith("System.Collections", StringComparison.Ordinal)
        // What another package implements is that package's to keep.
        where !property.GetMethod!.IsAbstract
        select property;

    private static bool IsOf(Type type, object sample) =>
        type.IsInstanceOfType(sample) || (sample.GetType() is { IsGenericType: true } closed && closed.GetGenericTypeDefinition() == type);

    private static bool CanBeChanged(object value) => value switch
    {
        Array array => array.Length > 0,
        IList { IsReadOnly: false } or IDictionary { IsReadOnly: false } => true,
        _ => value.GetType().GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(ICollection<>) && i.GetProperty("IsReadOnly")!.GetValue(value) is false),
    };

    private async Task<object[]> SamplesAsync()
    {
        var result = await _store.AppendAsync(new Append { CommandId = "c" }.To("a", ExpectedVersion.Any, [new Noted("1"), new EventData(new Noted("2")) { Tags = [new("x", "y")], Metadata = new() { Actor = "ann", Headers = new Dictionary<string, string> { ["h"] = "v" } } }]).To("b", ExpectedVersion.Any, [new Noted("3")]));
        var repeated = await _store.AppendAsync(new Append { CommandId = "c" }.To("a", ExpectedVersion.Any, [new Noted("1"), new EventData(new Noted("2")) { Tags = [new("x", "y")], Metadata = new() { Actor = "ann", Headers = new Dictionary<string, string> { ["h"] = "v" } } }]).To("b", ExpectedVersion.Any, [new Noted("3")]));
        var envelopes = await _store.ReadAllAsync().ToListAsync();
        await _store.AppendAsync("a", ExpectedVersion.Any, [new EventData(new Noted("4")) { Metadata = new() { CausationId = envelopes[0].EventId.ToString() } }]);
        await using var durable = await _bus.SubscribeAsync<Noted>("durable", (_, _, _) => Task.CompletedTask);
        await using var live = await _bus.SubscribeLiveAsync(EventFilter.All, _ => Task.CompletedTask);
        await durable.WaitForPositionAsync(GlobalPosition.FromInt64(4)).WaitAsync(TimeSpan.FromMinutes(1));
        await durable.PauseAsync();
        var tree = await _store.GetCausationTreeAsync(envelopes[0].EventId.ToString());
        var (cart, query, logQuery) = (new Cart(), EventQuery.OfTypes("t").Tagged("a", "b"), LogQuery.OfTypes("t").Tagged("a", "b"));
        cart.Add("sku", 1);
        School.Types.TryGet("course-defined", out var type).Should().BeTrue();
        var context = DeliveryContext.Create();
        context.Append("a", ExpectedVersion.Any, [new Noted("5")]);
        await using var views = new EventViews(_bus, [new LastNotes(), new NoteCounts()]);
        await views.CatchUpAsync();
        return
        [
            result, repeated, _bus, tree, .. tree.Roots, cart, query, query.Items[0], logQuery, logQuery.Items[0], School.Types, type!, context, .. envelopes,
            EventEnvelope.Create(new Noted("6"), tags: [new("a", "b")], metadata: new() { Headers = new Dictionary<string, string> { ["h"] = "v" } }),
            await _store.GetStatisticsAsync(), await _store.Log.ReadSubscriptionsAsync().FirstAsync(),
            new AppendOutcomeUnknownException([Guid.NewGuid()], GlobalPosition.Start), new WrongExpectedVersionException([new("a", ExpectedVersion.NoStream, 1)]), new InvalidEventException("t", ["wrong"]), new EventSourcing.Testing.EventContractException("m", ["wrong"]),
            new IntegrityReport(GlobalPosition.Start, [new("what", "where")]),
            new Specification(School.Types).Given().When<EventCount>(_ => [new Noted("7")]),
            views, views.Sets[0], views.Sets[0].Projections[0].Table, await views.View<Noted>().All.PageAsync(2), new ViewRead { Table = 0, Max = 1 }, (await views.TallyAsync("note-counts", new()))[0],
        ];
    }

    private sealed class LastNotes : Projection<Noted>
    {
        public LastNotes() : base("last-notes", version: 1, SchoolJson.Default.Noted)
        {
            KeyIsStream();
            Index("text", note => note.Text);
            On<Noted>((_, e) => e);
        }
    }

    private sealed class NoteCounts : Tally
    {
        public NoteCounts() : base("note-counts", version: 1) => For<Noted>().By("text", e => e.Text).Count("notes");
    }
}
