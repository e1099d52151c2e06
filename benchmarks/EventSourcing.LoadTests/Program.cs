using EventSourcing.LoadTests;
using EventSourcing.LoadTests.Limits;
using EventSourcing.LoadTests.Listeners;
using EventSourcing.LoadTests.Soak;
using EventSourcing.LoadTests.Views;

var workloads = new Dictionary<string, Func<Settings, Task>>
{
    ["limits"] = LimitsWorkload.RunAsync,
    ["batches"] = BatchesWorkload.RunAsync,
    ["callers"] = CallersWorkload.RunAsync,
    ["lone"] = LoneWorkload.RunAsync,
    ["growth"] = GrowthWorkload.RunAsync,
    ["extras"] = ExtrasWorkload.RunAsync,
    ["rivals"] = RivalsWorkload.RunAsync,
    ["pool"] = PoolWorkload.RunAsync,
    ["listeners"] = ListenersWorkload.RunAsync,
    ["catch-up"] = CatchUpWorkload.RunAsync,
    ["latency"] = LatencyWorkload.RunAsync,
    ["idle"] = IdleWorkload.RunAsync,
    ["backup"] = BackupWorkload.RunAsync,
    ["deciders"] = DecidersWorkload.RunAsync,
    ["soak"] = SoakWorkload.RunAsync,
    ["views"] = ViewsWorkload.RunAsync,
    ["replay"] = ReplayWorkload.RunAsync,
};

if (args is [BackupWorkload.Inserting, var path])
{
    BackupWorkload.Insert(path);
    return 0;
}

if (args is [ForeignWriter.Inserting, var soaked, var number])
{
    ForeignWriter.Insert(soaked, number);
    return 0;
}

if (args is [ViewsWorkload.Running, var viewed, var name])
{
    await ViewsWorkload.RunAsync(viewed, name);
    return 0;
}

if (Settings.Parse(args) is not { } settings || !workloads.TryGetValue(settings.Workload, out var run))
{
    Console.Error.WriteLine($"Usage: <{string.Join('|', workloads.Keys)}> [--rounds N] [--seconds N] [--events N] [--dir DIR] [--rows ABCDEGH] [--large]");
    return 2;
}

Console.WriteLine($"## {settings.Workload}");
Console.WriteLine();
Console.WriteLine(Machine.Describe(settings.Directory));
await run(settings);
return Environment.ExitCode;
