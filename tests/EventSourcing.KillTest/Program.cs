// What needs processes of its own, for longer than a test should take:
//   dotnet run -- <File|Log|Table|Command: where the effects go> <kills> [seed]     kills a process that appends and listens
//   dotnet run -- segments <seconds> [seed]                                 kills and freezes four processes that share a group
//   dotnet run -- seal <kills> [seed]                                       kills a process that seals what SQL inserted
//   dotnet run -- backup <kills> [seed]                                     kills a process that writes a backup
//   dotnet run -- migrate <log of schema 1> <kills> [seed]                  kills a process that migrates logs
//   dotnet run -- retry <processes> <appends>                               64 callers each send the same appends
//   dotnet run -- views <kills> [seed]                                      kills processes that append and run views
//   dotnet run -- views-damage <times> [seed]                               damages files of views and restores their log
//   dotnet run -- views-freeze <times> [seed]                               freezes a process in the middle of a batch of its views
//   dotnet run -- views-deploy <versions> <events> [seed]                   deploys versions of a view in two processes that append and read
//   dotnet run -- rows <kills> <freezes> [seed]                             kills and freezes processes that project into a context of Entity Framework Core
using System.Globalization;
using EventSourcing.KillTest;
using EventSourcing.KillTest.Rows;
using EventSourcing.KillTest.Segments;
using EventSourcing.KillTest.Views;

switch (args)
{
    case ["child", var childFolder, var place]:
        await KillRun.ChildAsync(childFolder, Enum.Parse<EffectPlace>(place));
        return;
    case ["worker", var workersFolder]:
        await SegmentsRun.WorkAsync(workersFolder);
        return;
    case ["sealing", var path]:
        await SealRun.ChildAsync(path);
        return;
    case ["open", var path, var mode]:
        await OpenRun.ChildAsync(path, readOnly: mode == "reading");
        return;
    case ["backing", var path, var target]:
        await BackupRun.ChildAsync(path, target);
        return;
    case ["migrating", var migrated, var kill]:
        await MigrateRun.ChildAsync(migrated, kill);
        return;
    case ["viewing", var viewsFolder]:
        await ViewsKillRun.WorkAsync(viewsFolder);
        return;
    case ["deploying", var deployFolder]:
        await ViewsDeployRun.WorkAsync(deployFolder);
        return;
    case ["rows-worker", var rowsFolder, var pause]:
        await RowsRun.WorkAsync(rowsFolder, Number(pause));
        return;
    case ["retrying", var path, var count]:
        await RetryRun.ChildAsync(path, Number(count));
        return;
}

var folder = Directory.CreateTempSubdirectory("event-sourcing-kill-").FullName;
object report = args switch
{
    ["segments", var seconds, .. var seed] => await SegmentsRun.RunAsync(folder, TimeSpan.FromSeconds(Number(seconds)), Seed(seed)),
    ["seal", var kills, .. var seed] => await SealRun.RunAsync(folder, Number(kills), 10_000, Seed(seed)),
    ["backup", var kills, .. var seed] => await BackupRun.RunAsync(folder, Number(kills), 100_000, Seed(seed)),
    ["migrate", var source, var kills, .. var seed] => await MigrateRun.RunAsync(folder, source, Number(kills), Seed(seed)),
    ["retry", var processes, var appends] => await RetryRun.RunAsync(folder, Number(processes), Number(appends)),
    ["views", var kills, .. var seed] => await ViewsKillRun.RunAsync(folder, Number(kills), Seed(seed)),
    ["views-damage", var damages, .. var seed] => await ViewsDamageRun.RunAsync(folder, Number(damages), Seed(seed)),
    ["views-freeze", var freezes, .. var seed] => await ViewsFreezeRun.RunAsync(folder, Number(freezes), Seed(seed)),
    ["views-deploy", var versions, var events, .. var seed] => await ViewsDeployRun.RunAsync(folder, Number(versions), Number(events), Seed(seed)),
    ["rows", var kills, var freezes, .. var seed] => await RowsRun.RunAsync(folder, Number(kills), Number(freezes), Seed(seed)),
    [var place, var kills, .. var seed] => await KillRun.RunAsync(folder, Number(kills), Enum.Parse<EffectPlace>(place), Seed(seed)),
    _ => throw new ArgumentException("Say what to run."),
};
Console.WriteLine(report);
Directory.Delete(folder, recursive: true);
if (report is IViewsReport { Violations: > 0 }) Environment.ExitCode = 1;

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

static int Seed(string[] given)
{
    var seed = given is [var text] ? Number(text) : Environment.TickCount;
    Console.WriteLine($"seed {seed}");
    return seed;
}
