using System.Text.Json;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EventSourcing.AspNetCore.Tests;

/// <summary>An application on the test server, and a client of it.</summary>
internal sealed class Web : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Web(WebApplication app, HttpClient client) => (_app, Client) = (app, client);

    internal HttpClient Client { get; }

    internal IServiceProvider Services => _app.Services;

    internal IEventStore Store => Services.GetRequiredService<IEventStore>();

    internal Task StopAsync() => _app.StopAsync();

    internal static async Task<Web> StartAsync(Action<WebApplication> map, Action<IServiceCollection>? configure = null, bool isKestrel = false)
    {
        var builder = WebApplication.CreateBuilder();
        if (isKestrel) builder.WebHost.UseUrls("http://127.0.0.1:0");
        else builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddEventSourcingProblemDetails();
        configure?.Invoke(builder.Services);
        var app = builder.Build();
        app.UseExceptionHandler();
        map(app);
        await app.StartAsync();
        return new(app, isKestrel ? new() { BaseAddress = new(app.Urls.First()) } : app.GetTestClient());
    }

    internal static async Task<(HttpResponseMessage Answer, JsonElement Problem)> ProblemAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        answer.Content.Headers.ContentType?.MediaType.Should().Be("application/problem+json", text);
        using var document = JsonDocument.Parse(text);
        return (answer, document.RootElement.Clone());
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
