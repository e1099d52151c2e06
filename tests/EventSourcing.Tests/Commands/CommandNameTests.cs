using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace EventSourcing.Tests.Commands;

internal static class Sales
{
    internal sealed record Cancel(int Number);
}

internal static class Shipping
{
    internal sealed record Cancel(int Number);
}

internal sealed record Archive<T>(int Number);

[JsonSerializable(typeof(Sales.Cancel), TypeInfoPropertyName = "SalesCancel"), JsonSerializable(typeof(Shipping.Cancel), TypeInfoPropertyName = "ShippingCancel")]
[JsonSerializable(typeof(Archive<int>)), JsonSerializable(typeof(Archive<string>))]
internal sealed partial class NamesJson : JsonSerializerContext;

public sealed class CommandNameTests
{
    private EventStore _store = null!;

    [SetUp]
    public void Open() => _store = new(new InMemoryEventLog(), School.Types);

    [TearDown]
    public async Task CloseAsync() => await _store.DisposeAsync();

    private static Task<IEnumerable<object>> HandleAsync<T>(T command, CommandContext context, CancellationToken cancellationToken) =>
        Task.FromResult<IEnumerable<object>>([EventData.For("a", new Noted($"{typeof(T)}"))]);

    [Test]
    public void Two_commands_of_one_short_name_are_refused()
    {
        var nested = () => new CommandBus(_store, handlers => handlers.Add(NamesJson.Default.SalesCancel, HandleAsync).Add(NamesJson.Default.ShippingCancel, HandleAsync));
        nested.Should().Throw<ArgumentException>().WithMessage("*'Cancel'*Sales*Shipping*another name*");
        var generic = () => new CommandBus(_store, handlers => handlers.Add(NamesJson.Default.ArchiveInt32, HandleAsync).Add(NamesJson.Default.ArchiveString, HandleAsync));
        generic.Should().Throw<ArgumentException>().WithMessage("*'Archive`1'*");
        var invalid = () => new CommandBus(_store, handlers => handlers.Add("", NamesJson.Default.SalesCancel, HandleAsync));
        invalid.Should().Throw<ArgumentException>().WithMessage("A command name must not be empty*");
    }

    [Test]
    public void Two_commands_of_one_name_in_a_container_are_refused_where_they_are_registered()
    {
        var act = () => new ServiceCollection().AddEventSourcing(es => es.AddCommandHandler<Sales.Cancel, Handler>(NamesJson.Default.SalesCancel)
            .AddCommandHandler<Shipping.Cancel, Handler>(NamesJson.Default.ShippingCancel));
        act.Should().Throw<ArgumentException>().WithMessage("*'Cancel'*another name*");
    }

    [Test]
    public async Task Commands_of_one_short_name_are_told_apart_by_names_of_their_own()
    {
        await using var services = new ServiceCollection().AddEventSourcing(es => es.UseInMemory().UseEventTypes(School.Types)
            .AddCommandHandler<Sales.Cancel, Handler>(NamesJson.Default.SalesCancel)
            .AddCommandHandler<Shipping.Cancel, Handler>("shipping-cancel", NamesJson.Default.ShippingCancel)).BuildServiceProvider();
        var bus = services.GetRequiredService<ICommandBus>();
        (await bus.SendAsync(new Sales.Cancel(1), new() { CommandId = "r" })).WasDuplicate.Should().BeFalse();
        (await bus.SendAsync(new Sales.Cancel(1), new() { CommandId = "r" })).WasDuplicate.Should().BeTrue();
        var other = async () => await bus.SendAsync(new Shipping.Cancel(1), new() { CommandId = "r" });
        await other.Should().ThrowAsync<CommandIdConflictException>();
        (await bus.SendAsync(new Shipping.Cancel(1), new() { CommandId = "s" })).WasDuplicate.Should().BeFalse();
    }

    [Test]
    public async Task Fingerprints_of_commands_without_a_name_of_their_own_are_as_ever()
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(new Sales.Cancel(1), NamesJson.Default.SalesCancel);
        byte[] content = [.. Encoding.UTF8.GetBytes($"Cancel\0{json.Length}\0"), .. json];
        await _store.AppendAsync(new Append { CommandId = "r", Fingerprint = SHA256.HashData(content).AsMemory(0, 16) }.To("a", ExpectedVersion.Any, [new Noted("x")]));
        var bus = new CommandBus(_store, handlers => handlers.Add(NamesJson.Default.SalesCancel, HandleAsync));
        (await bus.SendAsync(new Sales.Cancel(1), new() { CommandId = "r" })).WasDuplicate.Should().BeTrue();
    }

    internal sealed class Handler : ICommandHandler<Sales.Cancel>, ICommandHandler<Shipping.Cancel>
    {
        public Task<IEnumerable<object>> HandleAsync(Sales.Cancel command, CommandContext context, CancellationToken cancellationToken) => Task.FromResult<IEnumerable<object>>([EventData.For("a", new Noted("sales"))]);

        public Task<IEnumerable<object>> HandleAsync(Shipping.Cancel command, CommandContext context, CancellationToken cancellationToken) => Task.FromResult<IEnumerable<object>>([EventData.For("a", new Noted("shipping"))]);
    }
}
