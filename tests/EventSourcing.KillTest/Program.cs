// Torments processes that listen, for longer than a test should take:
//   dotnet run -- <File|Log|Table: where the effects go> <kills> [seed]     one process that appends and listens is killed again and again
//   dotnet run -- Segments <seconds> [seed]                                 four processes share a group; they are killed and frozen
using System.Globalization;
using EventSourcing.KillTest;
using EventSourcing.KillTest.Segments;

if (args is ["child", var childFolder, var childPlace])
{
    await KillRun.ChildAsync(childFolder, Enum.Parse<EffectPlace>(childPlace));
    return;
}

if (args is ["worker", var workersFolder])
{
    await SegmentsRun.WorkAsync(workersFolder);
    return;
}

var folder = Directory.CreateTempSubdirectory("event-sourcing-kill-").FullName;
var amount = int.Parse(args[1], CultureInfo.InvariantCulture);
var seed = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : Environment.TickCount;
Console.WriteLine($"seed {seed}");
if (args[0] == "Segments") Console.WriteLine(await SegmentsRun.RunAsync(folder, TimeSpan.FromSeconds(amount), seed));
else Console.WriteLine(await KillRun.RunAsync(folder, amount, Enum.Parse<EffectPlace>(args[0]), seed));
Directory.Delete(folder, recursive: true);
