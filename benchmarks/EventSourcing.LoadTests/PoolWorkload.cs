namespace EventSourcing.LoadTests;
internal static class PoolWorkload { public static Task RunAsync(Settings s) => Task.CompletedTask; }
