// What needs processes of its own:
//   dotnet run -- <kills> <true: effect in the checkpoint's transaction> [seed]     kills a process that appends and listens
//   dotnet run -- seal <kills> [seed]                                               kills a process that seals what SQL inserted
//   dotnet run -- retry <processes> <appends>                                       64 callers each send the same appends
using System.Globalization;
using EventSourcing.KillTest;

switch (args)
{
    case ["child", var childFolder, var mode]:
        await KillRun.ChildAsync(childFolder, bool.Parse(mode));
        return;
    case ["sealing", var path]:
        await SealRun.ChildAsync(path);
        return;
    case ["retrying", var path, var count]:
        await RetryRun.ChildAsync(path, Number(count));
        return;
}

var folder = Directory.CreateTempSubdirectory("event-sourcing-kill-").FullName;
object report = args switch
{
    ["seal", var kills, .. var seed] => await SealRun.RunAsync(folder, Number(kills), 10_000, Seed(seed)),
    ["retry", var processes, var appends] => await RetryRun.RunAsync(folder, Number(processes), Number(appends)),
    [var kills, var inTransaction, .. var seed] => await KillRun.RunAsync(folder, Number(kills), bool.Parse(inTransaction), Seed(seed)),
    _ => throw new ArgumentException("Say what to run."),
};
Console.WriteLine(report);
Directory.Delete(folder, recursive: true);

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

static int Seed(string[] given)
{
    var seed = given is [var text] ? Number(text) : Environment.TickCount;
    Console.WriteLine($"seed {seed}");
    return seed;
}
