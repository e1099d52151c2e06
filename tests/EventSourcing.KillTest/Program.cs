// Kills a process that appends and listens: dotnet run -- <File|Log|Table: where the effects go> <kills> [seed]
using System.Globalization;
using EventSourcing.KillTest;

if (args is ["child", var childFolder, var childPlace])
{
    await KillRun.ChildAsync(childFolder, Enum.Parse<EffectPlace>(childPlace));
    return;
}

var folder = Directory.CreateTempSubdirectory("event-sourcing-kill-").FullName;
var seed = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : Environment.TickCount;
Console.WriteLine($"seed {seed}");
Console.WriteLine(await KillRun.RunAsync(folder, int.Parse(args[1], CultureInfo.InvariantCulture), Enum.Parse<EffectPlace>(args[0]), seed));
Directory.Delete(folder, recursive: true);
