using EventSourcing.Sqlite.Files;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Files;

/// <summary>A text that is no path is refused before anything is created.</summary>
[Parallelizable(ParallelScope.All)]
public class ConnectionStringTests
{
    private static readonly string[] s_noPaths =
    [
        "Data Source=x.db", "data source = x.db", " DataSource=x.db;", "Filename=x.db", "Data Source=x.db;Mode=ReadOnly", "Mode=Memory;Cache=Shared", "x.db;Mode=ReadOnly", "x.db;Cache=Shared",
        "Server=db;Database=orders", "Host=localhost", "one=1;two=2", "file:x.db", "FILE:x.db?mode=ro", "file:///tmp/x.db", "sqlite://x.db", "postgres://localhost/orders", ":memory:", " :MEMORY: ", "", "  ", "a\0b",
    ];

    private static readonly string[] s_paths = ["tenant=5.db", "/data/tenant=5/orders.db", "./Data Source=x.db", "orders;2026.db", "a=b/c;d=e/f.db", "one=1;orders.db", "C:\\data\\orders.db", "C:/data/orders.db", "Data Source", "profile:x.db", "é=1.db"];

    [TestCaseSource(nameof(s_noPaths))]
    public void Text_that_is_no_path_is_refused(string text) =>
        FluentActions.Invoking(() => LogPath.ThrowIfNoPath(text, "path")).Should().Throw<ArgumentException>().WithParameterName("path");

    [TestCaseSource(nameof(s_paths))]
    public void An_unusual_path_is_taken(string text) => FluentActions.Invoking(() => LogPath.ThrowIfNoPath(text, "path")).Should().NotThrow();

    [Test]
    public async Task Every_door_refuses_a_connection_string_and_creates_no_file()
    {
        const string Text = "Data Source=trap-eight.db;Password=secret";
        const string Message = "*connection string*Pass the path of the file alone, 'trap-eight.db'*";
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        var doors = new Func<Task>[]
        {
            () => Task.FromResult(SqliteEventLog.Open(Text)),
            () => Task.FromResult(SqliteEventLog.Open(Text, new() { ReadOnly = true })),
            () => Task.FromResult(SqliteEventStore.Open(Text, EventTypeMap.Empty)),
            () => Task.FromResult(new ServiceCollection().AddEventSourcing(es => es.UseSqlite(Text).UseEventTypes(EventTypeMap.Empty))),
            () => SqliteEventLog.VerifyAsync(Text).AsTask(),
            () => SqliteEventLog.RepairAsync(Text).AsTask(),
            () => log.BackupAsync(Text).AsTask(),
        };
        foreach (var door in doors)
        {
            var refused = await door.Should().ThrowAsync<ArgumentException>();
            refused.WithParameterName("path").WithMessage(Message).Which.Message.Should().NotContain("secret");
        }

        Directory.GetFiles(Environment.CurrentDirectory, "*trap-eight*").Should().BeEmpty();
    }
}
