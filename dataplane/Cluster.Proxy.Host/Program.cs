using System.CommandLine;
using Cluster.Proxy.CommandLine;
using Cluster.Proxy.Host;
using Cluster.Proxy.Top;

ProxyProgram.CompleteInline();
// Started by `su` or a bare service, PATH lacks the folders of nft.
Environment.SetEnvironmentVariable("PATH", Environment.GetEnvironmentVariable("PATH") + ":/usr/local/sbin:/usr/sbin:/sbin");

var flags = new ProxyFlags();
var root = new RootCommand("Spreads TCP and UDP over backends: of a Kubernetes API server's services, in the place of kube-proxy, or of a load balancer file.") { TopCommand.Create() };
foreach (var flag in flags.All) root.Add(flag);
root.SetAction((parsed, cancellationToken) => ProxyHost.RunAsync(flags.Read(parsed, ProxyProgram.DropIn), cancellationToken));

var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    // One line a mistake; the whole help would hide it.
    foreach (var error in parsed.Errors) await Console.Error.WriteLineAsync($"cluster-proxy: {error.Message}");
    await Console.Error.WriteLineAsync("cluster-proxy: `cluster-proxy --help` lists what there is");
    return 2;
}

try
{
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
}
catch (OperationCanceledException)
{
    return 130;
}
catch (UsageException failure)
{
    await Console.Error.WriteLineAsync($"cluster-proxy: {failure.Message}");
    return failure.ExitCode;
}
catch (Exception failure) when (failure is InvalidOperationException or IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
{
    // What the machine refused is one line; a bug keeps its stack trace.
    await Console.Error.WriteLineAsync($"cluster-proxy: {failure.Message.ReplaceLineEndings(" ")}");
    return 1;
}
