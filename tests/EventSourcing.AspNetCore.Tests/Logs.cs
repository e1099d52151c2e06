using EventSourcing.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace EventSourcing.AspNetCore.Tests;

/// <summary>The tests run on both logs.</summary>
[TestFixture("memory"), TestFixture("sqlite")]
public abstract class Logs(string log)
{
    private string _folder = "";

    private protected string LogPath => Path.Combine(_folder, "orders.db");

    private protected bool IsFile => log == "sqlite";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("es-http-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, true);

    private protected Task<Web> StartAsync() => Web.StartAsync(Shop.Map, Configure);

    private protected void Configure(IServiceCollection services)
    {
        services.AddEventSourcing(es =>
        {
            es.UseEventTypes(Shop.Types);
            if (IsFile) es.UseSqlite(LogPath);
            else es.UseInMemory();
        });
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ShopJson.Default));
    }
}
