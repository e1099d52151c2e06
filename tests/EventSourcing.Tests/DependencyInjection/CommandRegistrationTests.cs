using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace EventSourcing.Tests.DependencyInjection;

public sealed class CommandRegistrationTests
{
    private static ServiceProvider Build(Action<EventSourcingBuilder> more) => new ServiceCollection()
        .AddScoped<Scoped>()
        .AddEventSourcing(es =>
        {
            es.UseInMemory().UseEventTypes(School.Types).AddCommandHandler<Note, NoteHandler>(SchoolJson.Default.Note);
            more(es);
        })
        .BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true, ValidateOnBuild = true });

    [Test]
    public async Task A_command_reaches_its_handler_in_a_scope_of_its_own()
    {
        await using var services = Build(_ => { });
        var bus = services.GetRequiredService<ICommandBus>();
        await bus.SendAsync(new Note("a", "x"));
        await bus.SendAsync(new Note("a", "y"));
        var texts = await services.GetRequiredService<IEventStore>().ReadStreamAsync("a").Select(e => ((Noted)e.Data).Text).ToListAsync();
        texts.Should().Equal("x in scope 1, open", "y in scope 1, open");
    }

    [Test]
    public async Task A_handler_registered_twice_counts_once()
    {
        await using var services = Build(es => es.AddCommandHandler<Note, NoteHandler>(SchoolJson.Default.Note));
        (await services.GetRequiredService<ICommandBus>().SendAsync(new Note("a", "x"))).Count.Should().Be(1);
    }

    [Test]
    public void Another_handler_of_the_same_command_is_misuse()
    {
        var act = () => Build(es => es.AddCommandHandler<Note, OtherHandler>(SchoolJson.Default.Note));
        act.Should().Throw<ArgumentException>().WithMessage("*a command has one handler*");
    }

    private sealed class Scoped : IDisposable
    {
        public int Uses { get; set; }

        public bool IsOpen { get; private set; } = true;

        public void Dispose() => IsOpen = false;
    }

    private sealed class NoteHandler(Scoped scoped) : ICommandHandler<Note>
    {
        public Task<IEnumerable<object>> HandleAsync(Note command, CommandContext context, CancellationToken cancellationToken) => Task.FromResult(Decide(command));

        private IEnumerable<object> Decide(Note command)
        {
            yield return EventData.For(command.Stream, new Noted($"{command.Text} in scope {++scoped.Uses}, {(scoped.IsOpen ? "open" : "closed")}"));
        }
    }

    private sealed class OtherHandler : ICommandHandler<Note>
    {
        public Task<IEnumerable<object>> HandleAsync(Note command, CommandContext context, CancellationToken cancellationToken) => Task.FromResult<IEnumerable<object>>([]);
    }
}
