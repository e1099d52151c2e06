using System.Diagnostics;
using EventSourcing.Sqlite.Tests.OpenLog;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Documentation;

/// <summary>The examples of docs/operations.md run, and are the code of <see cref="OperationsExample"/>; its shell commands run as they stand.</summary>
public sealed class OperationsTests : DocumentationTest
{
    private static readonly EventTypeMap s_types = EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("numbered"));

    private StringWriter _printed = null!;

    [SetUp]
    public void Listen() => Console.SetOut(_printed = new());

    [TearDown]
    public void Forget() => _printed.Dispose();

    [Test]
    public void The_examples_are_those_of_the_document() => Shown("docs/operations.md").Should().ContainInConsecutiveOrder(
        Executed("Documentation/OperationsExample.cs", "backup"),
        Executed("Documentation/OperationsExample.cs", "verify"),
        Executed("Documentation/OperationsExample.cs", "repair"));

    [Test]
    public async Task A_backup_is_made_verified_and_restored()
    {
        Directory.CreateDirectory("backup");
        await using (var store = Open())
        {
            await AppendAsync(store, 1);
            await OperationsExample.BackUpAsync(store);
            await AppendAsync(store, 2);
        }

        await OperationsExample.VerifyAsync();
        // A process that was killed leaves them behind.
        await File.WriteAllTextAsync("orders.db-wal", "another file's");
        Run(Scripts()[1]).Should().Be((0, ""));

        (await SqliteEventLog.VerifyAsync("orders.db")).Should().BeEquivalentTo(new { IsIntact = true, Events = 1L, JournalBytes = 0L });
        await using var restored = Open();
        (await restored.ReadStreamAsync("s-1").Select(e => e.Data).ToListAsync()).Should().Equal(new Numbered(1));
        _printed.ToString().Should().Contain("events through position 1,").And.Contain("1 events through position 1");
    }

    [Test]
    public async Task A_shell_makes_backups_of_an_open_store()
    {
        if (!File.Exists("/usr/bin/sqlite3")) Assert.Ignore("There is no sqlite3 on this machine.");
        await using var store = Open();
        await AppendAsync(store, 1);

        Run(Scripts()[0]).Should().Be((0, ""));

        foreach (var copy in (string[])["copy.db", "copy-2.db"])
        {
            (await SqliteEventLog.VerifyAsync(copy)).Should().BeEquivalentTo(new { IsIntact = true, Events = 1L });
            await using var log = SqliteEventLog.Open(copy, new() { MustExist = true });
        }
    }

    [Test]
    public async Task What_a_tool_dropped_is_made_anew()
    {
        await using var store = Open();
        Shell.Run("orders.db", "DROP VIEW events;");

        await OperationsExample.RepairAsync((SqliteEventLog)store.Log);

        _printed.ToString().Should().Contain("made anew: view events: it is missing");
    }

    private static EventStore Open() => SqliteEventStore.Open("orders.db", s_types);

    private static ValueTask<AppendResult> AppendAsync(EventStore store, int number) => store.AppendAsync("s-1", ExpectedVersion.Any, [new Numbered(number)]);

    private static List<string> Scripts() => Blocks("docs/operations.md", "sh");

    private static (int Code, string Errors) Run(string script)
    {
        if (!File.Exists("/bin/sh")) Assert.Ignore("There is no shell on this machine.");
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-e", "-c", script]) { RedirectStandardError = true })!;
        var errors = shell.StandardError.ReadToEnd();
        shell.WaitForExit();
        return (shell.ExitCode, errors);
    }
}
