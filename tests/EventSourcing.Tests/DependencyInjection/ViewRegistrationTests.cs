using System.Text.Json.Serialization;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace EventSourcing.Tests.DependencyInjection;

internal sealed record NoteRow(int Count, string Last);

internal sealed record LengthRow(int Length);

[JsonSerializable(typeof(NoteRow)), JsonSerializable(typeof(LengthRow))]
internal sealed partial class NoteRowJson : JsonSerializerContext;

internal sealed class Suffix(string text)
{
    internal string Text => text;
}

public sealed class ViewRegistrationTests
{
    private sealed class Notes : Projection<NoteRow>
    {
        public Notes() : base("notes", version: 1, NoteRowJson.Default.NoteRow)
        {
            KeyIsStream();
            On<Noted>((row, e) => new((row?.Count ?? 0) + 1, e.Text));
        }
    }

    private sealed class MoreNotes : Projection<NoteRow>
    {
        public MoreNotes(Suffix suffix) : base("more-notes", version: 2, NoteRowJson.Default.NoteRow)
        {
            KeyIsStream();
            On<Noted>((row, e) => new((row?.Count ?? 0) + 1, e.Text + suffix.Text));
        }
    }

    private sealed class Lengths : Projection<LengthRow>
    {
        public Lengths() : base("lengths", version: 1, NoteRowJson.Default.LengthRow)
        {
            KeyIsStream();
            On<Noted>((row, e) => new((row?.Length ?? 0) + e.Text.Length));
        }
    }

    private sealed class Reader(IView<NoteRow> notes)
    {
        internal IView<NoteRow> Notes => notes;
    }

    private sealed class KeyedReader([FromKeyedServices("billing")] IView<NoteRow> notes)
    {
        internal IView<NoteRow> Notes => notes;
    }

    private static ServiceProvider Build(Action<EventSourcingBuilder> views, Action<IServiceCollection>? others = null)
    {
        var services = new ServiceCollection().AddEventSourcing(es => views(es.UseInMemory().UseEventTypes(School.Types)));
        others?.Invoke(services);
        return services.BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true, ValidateOnBuild = true });
    }

    [Test]
    public async Task View_of_a_document_is_injected_and_reads_what_the_projection_has_made()
    {
        await using var services = Build(es => es.AddProjection<Notes>(), others => others.AddSingleton<Reader>());
        var appended = await services.GetRequiredService<IEventStore>().AppendAsync("a-1", ExpectedVersion.NoStream, [new Noted("x"), new Noted("y")]);
        await services.GetRequiredService<EventViews>().StartAsync();
        var notes = services.GetRequiredService<Reader>().Notes;
        (await notes.At(appended.LastPosition).FindAsync("a-1")).Should().Be(new NoteRow(2, "y"));
        (await notes.FindManyAsync(["a-1", "a-2"])).Keys.Should().Equal("a-1");
        (await notes.All.CountAsync(), notes.Name).Should().Be((1, "notes"));
        services.GetRequiredService<EventBus>().Subscriptions.Select(s => s.Name).Should().Equal(["view:notes.v1"], "the views run on the container's bus");
    }

    [Test]
    public async Task Projection_takes_services_and_counts_once()
    {
        await using var services = Build(es => es.AddProjection<MoreNotes>().AddProjection<MoreNotes>(), others => others.AddSingleton(new Suffix("!")));
        var views = services.GetRequiredService<EventViews>();
        views.Sets.Select(set => set.ToString()).Should().Equal("more-notes.v2");
        await services.GetRequiredService<IEventStore>().AppendAsync("a-1", ExpectedVersion.NoStream, [new Noted("x")]);
        await views.CatchUpAsync();
        (await services.GetRequiredService<IView<NoteRow>>().FindAsync("a-1")).Should().Be(new NoteRow(1, "x!"));
    }

    [TestCase(ViewMode.Async)]
    [TestCase(ViewMode.Inline)]
    [TestCase(ViewMode.Live)]
    public async Task Projection_is_added_in_a_mode_and_counts_once(ViewMode mode)
    {
        await using var services = Build(es => es.AddProjection<Notes>(mode).AddProjection<Notes>(mode));
        var views = services.GetRequiredService<EventViews>();
        views.Sets.Should().ContainSingle().Which.Mode.Should().Be(mode);
        await views.StartAsync();
        var appended = await services.GetRequiredService<IEventStore>().AppendAsync("a-1", ExpectedVersion.NoStream, [new Noted("x")]);
        (await services.GetRequiredService<IView<NoteRow>>().At(appended.LastPosition).FindAsync("a-1")).Should().Be(new NoteRow(1, "x"));
        services.GetRequiredService<EventBus>().Subscriptions.Should().HaveCount(mode == ViewMode.Async ? 1 : 0);
    }

    [Test]
    public void Projection_in_two_modes_is_refused_with_both_names()
    {
        this.Invoking(_ => Build(es => es.AddProjection<Notes>().AddProjection<Notes>(ViewMode.Inline)))
            .Should().Throw<InvalidOperationException>().WithMessage("Projection Notes is added in two modes, Async and Inline.*");
        this.Invoking(_ => Build(es => es.AddProjection<Notes>(ViewMode.Live).AddProjection<Notes>()))
            .Should().Throw<InvalidOperationException>().WithMessage("Projection Notes is added in two modes, Live and Async.*");
        this.Invoking(_ => Build(es => es.AddProjection<Notes>((ViewMode)9))).Should().Throw<ArgumentOutOfRangeException>().WithMessage("*Notes*no such mode*");
    }

    [Test]
    public async Task Each_projection_and_each_store_has_its_own_mode()
    {
        await using var services = new ServiceCollection()
            .AddEventSourcing(es => es.UseInMemory().UseEventTypes(School.Types).AddProjection<Notes>(ViewMode.Inline).AddProjection<Lengths>())
            .AddEventSourcing("billing", es => es.UseInMemory().UseEventTypes(School.Types).AddProjection<Notes>(ViewMode.Live))
            .BuildServiceProvider();
        services.GetRequiredService<EventViews>().Sets.Select(set => (set.Name, set.Mode)).Should().Equal(("notes", ViewMode.Inline), ("lengths", ViewMode.Async));
        services.GetRequiredKeyedService<EventViews>("billing").Sets.Single().Mode.Should().Be(ViewMode.Live);
    }

    [Test]
    public async Task Sets_are_added_as_instances_and_made_from_the_container()
    {
        var set = new ViewSet("both", 3, new Notes(), new Lengths());
        await using var services = Build(
            es => es.AddViewSet(set).AddViewSet(set).AddViewSet(provider => new MoreNotes(provider.GetRequiredService<Suffix>())), others => others.AddSingleton(new Suffix("?")));
        services.GetRequiredService<EventViews>().Sets.Select(s => s.ToString()).Should().Equal("both.v3", "more-notes.v2");
        services.GetRequiredService<IView<LengthRow>>().Name.Should().Be("lengths");
    }

    [Test]
    public async Task View_of_a_document_that_several_projections_or_none_have_says_so()
    {
        await using var services = Build(es => es.AddProjection<Notes>().AddProjection<MoreNotes>(), others => others.AddSingleton(new Suffix("")));
        services.Invoking(s => s.GetRequiredService<IView<NoteRow>>()).Should().Throw<ArgumentException>().WithMessage("Several projections have the document*notes, more-notes*");
        services.Invoking(s => s.GetRequiredService<IView<LengthRow>>()).Should().Throw<ArgumentException>().WithMessage("No projection has the document*notes, more-notes*");
        services.GetRequiredService<EventViews>().View<NoteRow>("more-notes").Name.Should().Be("more-notes");
    }

    [Test]
    public async Task Settings_of_views_add_up_over_several_calls_and_are_validated()
    {
        await using var services = Build(es => es.ConfigureViews(o => o.WriteEvery = 5).AddProjection<Notes>().ConfigureViews(o => o.WhileBuilding = WhileBuilding.Fail));
        await services.Invoking(s => s.GetRequiredService<IView<NoteRow>>().FindAsync("a-1").AsTask()).Should().ThrowAsync<ViewBuildingException>();
        await using var wrong = Build(es => es.AddProjection<Notes>().ConfigureViews(o => o.WriteEvery = 0));
        wrong.Invoking(s => s.GetRequiredService<EventViews>()).Should().Throw<ArgumentOutOfRangeException>().WithMessage("WriteEvery must be*");
    }

    [Test]
    public async Task Views_of_stores_with_keys_are_apart()
    {
        await using var services = new ServiceCollection()
            .AddSingleton(new Suffix("#"))
            .AddSingleton<KeyedReader>()
            .AddEventSourcing("billing", es => es.UseInMemory().UseEventTypes(School.Types).AddProjection<MoreNotes>().ConfigureViews(o => o.WriteEvery = 7))
            .AddEventSourcing(es => es.UseInMemory().UseEventTypes(School.Types).AddProjection<Notes>())
            .AddEventSourcing("archive", es => es.UseInMemory().UseEventTypes(School.Types))
            .BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true, ValidateOnBuild = true });
        var (views, billing) = (services.GetRequiredService<EventViews>(), services.GetRequiredKeyedService<EventViews>("billing"));
        await services.GetRequiredKeyedService<IEventStore>("billing").AppendAsync("a-1", ExpectedVersion.NoStream, [new Noted("x")]);
        await views.CatchUpAsync();
        await billing.CatchUpAsync();
        (await services.GetRequiredService<IView<NoteRow>>().FindAsync("a-1")).Should().BeNull();
        (await billing.View<NoteRow>().FindAsync("a-1")).Should().Be(new NoteRow(1, "x#"));
        (await services.GetRequiredService<KeyedReader>().Notes.FindAsync("a-1")).Should().Be(new NoteRow(1, "x#"));
        services.GetKeyedService<EventViews>("archive").Should().BeNull();
    }

    [Test]
    public async Task Container_disposes_views_before_their_bus_and_store()
    {
        var services = Build(es => es.AddProjection<Notes>());
        var views = services.GetRequiredService<EventViews>();
        await views.StartAsync();
        await services.DisposeAsync();
        await views.Invoking(v => v.StartAsync()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Test]
    public void What_a_store_with_views_lacks_is_named()
    {
        using var services = new ServiceCollection().AddEventSourcing(es => es.UseEventTypes(School.Types).AddProjection<Notes>()).BuildServiceProvider();
        services.Invoking(s => s.GetRequiredService<IView<NoteRow>>()).Should().Throw<InvalidOperationException>().WithMessage("*no log*UseSqlite(*UseInMemory()*");
        using var unknown = new ServiceCollection().AddEventSourcing(es => es.UseInMemory().UseEventTypes(Shop.Types).AddProjection<Notes>()).BuildServiceProvider();
        unknown.Invoking(s => s.GetRequiredService<EventViews>()).Should().Throw<UnknownEventTypeException>();
    }
}
