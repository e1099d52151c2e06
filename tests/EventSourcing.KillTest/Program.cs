// Kills a process that appends and listens: dotnet run -- <kills> <InTransaction | InFile | ByCommand> [seed]
using System.Globalization;
using EventSourcing.KillTest;

if (args is ["child", var childFolder, var mode])
{
    await KillRun.ChildAsync(childFolder, Enum.Parse<Effect>(mode));
    return;
}

var folder = Directory.CreateTempSubdirectory("event-sourcing-kill-").FullName;
var seed = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : Environment.TickCount;
Console.WriteLine($"seed {seed}");
Console.WriteLine(await KillRun.RunAsync(folder, int.Parse(args[0], CultureInfo.InvariantCulture), Enum.Parse<Effect>(args[1]), seed));
Directory.Delete(folder, recursive: true);
