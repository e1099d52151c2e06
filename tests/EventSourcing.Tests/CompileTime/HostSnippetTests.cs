using NUnit.Framework;

namespace EventSourcing.Tests.CompileTime;

/// <summary>Set-up as an application writes it, with the usings that it has to say.</summary>
public sealed class HostSnippetTests
{
    private const string Domain = """
        using System.Text.Json.Serialization;
        using System.Text.Json.Serialization.Metadata;

        public sealed record OrderPaid(decimal Amount);

        public sealed record PayOrder(string OrderId, decimal Amount);

        public sealed class ShippingSubscriber() : EventSubscriber("shipping");

        public sealed class PayOrderHandler : ICommandHandler<PayOrder>
        {
            public Task<IEnumerable<object>> HandleAsync(PayOrder command, CommandContext context, CancellationToken cancellationToken) => Task.FromResult<IEnumerable<object>>([]);
        }

        public static class Program
        {
            public static void Main(string[] args, EventTypeMap types, JsonTypeInfo<PayOrder> payOrder)
            {
                var builder = WebApplication.CreateBuilder(args);
        """;

    private static IReadOnlyList<string> Errors(string setUp) =>
        Snippet.Errors($"{Domain}\n{setUp}\n}} }}", isWeb: true, "EventSourcing.Hosting");

    [SetUp]
    public void Need()
    {
        if (!Snippet.CanCompileWeb) Assert.Ignore("The reference assemblies of ASP.NET Core are not there.");
    }

    [Test]
    public void Host_is_set_up_with_two_usings_of_the_library() => Assert.That(Errors("""
        builder.Services.AddEventSourcing(es => es
            .UseInMemory()
            .UseEventTypes(types)
            .AddCommandHandler<PayOrder, PayOrderHandler>(payOrder)
            .AddSubscriber<ShippingSubscriber>()
            .ConfigureSubscriptions(o => o.LeaseTimeout = TimeSpan.FromSeconds(2)));
        builder.Services.AddEventSourcing("billing", es => es.UseInMemory(o => o.TimeProvider = TimeProvider.System).UseEventTypes(types));
        builder.Services.AddEventSourcingHosting(o => o.MaxLag = 100);
        using var app = builder.Build();
        app.MapGet("/", (IEventStore store, [FromKeyedServices("billing")] IEventStore billing) => store.GetHeadAsync().AsTask());
        app.MapHealthChecks("/health");
        """), Is.Empty);

    [Test]
    public void Container_is_owned_by_using() => Assert.That(Errors("""
        using var services = new ServiceCollection().AddEventSourcing(es => es.UseInMemory().UseEventTypes(types)).BuildServiceProvider();
        using var store = services.GetRequiredService<IEventStore>();
        using var bus = services.GetRequiredService<EventBus>();
        """), Is.Empty);

    [Test]
    public void Cursor_of_a_backward_read_is_no_option() => Assert.That(Errors("""
        var options = new ReadStreamOptions { Direction = EventSourcing.Storage.ReadDirection.Backward, FromVersion = 4, ThroughVersion = 2 };
        """), Is.EqualTo("CS0117".Split(' ')));

    [TestCase("Encode(new Append())")]
    [TestCase("GetHeadTokenAsync()")]
    [TestCase("FindTrackingAsync(\"source\")")]
    public void Plumbing_is_shown_only_with_its_namespace(string member)
    {
        var use = $"static object Use(IEventStore store) => store.{member};";
        Assert.That(Errors(use), Is.EqualTo("CS1061".Split(' ')));
        Assert.That(Snippet.Errors($"using EventSourcing.Storage; public static class C {{ public {use} }}"), Is.Empty);
    }
}
