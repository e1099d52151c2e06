
using Orders.Commands;
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, press) =>
{
    press.Cancel = true;
    stop.Cancel();
};
return await App.RunAsync(args, new Screen(Console.Out, Console.Error, !Console.IsOutputRedirected), stop.Token);
