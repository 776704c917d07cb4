using System.Diagnostics;

namespace Cluster.EndToEnd.Tests;

/// <summary>A stock kubectl, as a person uses it, in a namespace of its own.</summary>
internal sealed class Kubectl(string binary, string kubeconfig, string ns)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    public string Namespace => ns;

    public Task<CommandResult> TryAsync(params string[] arguments) =>
        CommandResult.RunAsync(binary, Prefix(arguments), Limit, environment: Environment);

    public Task<CommandResult> TryWithInputAsync(string input, params string[] arguments) =>
        CommandResult.RunAsync(binary, Prefix(arguments), Limit, input, Environment);

    /// <summary>Runs and returns what was printed; a failure fails the test.</summary>
    public async Task<string> RunAsync(params string[] arguments) => (await TryAsync(arguments)).Succeeded().Output;

    public async Task<string> ApplyAsync(string manifest, string verb = "apply") =>
        (await TryWithInputAsync(manifest, verb, "-f", "-")).Succeeded().Output;

    public async Task<string> JsonPathAsync(string resource, string path, params string[] more) =>
        (await RunAsync(["get", resource, "-o", "jsonpath=" + path, .. more])).Trim();

    // No cache folder is shared between tests or left in the home folder.
    private Dictionary<string, string> Environment { get; } = new()
    {
        ["KUBECONFIG"] = kubeconfig, ["HOME"] = Path.GetDirectoryName(kubeconfig)!, ["KUBE_EDITOR"] = "true",
    };

    public Kubectl WithEditor(string script)
    {
        var copy = new Kubectl(binary, kubeconfig, ns);
        copy.Environment["KUBE_EDITOR"] = script;
        return copy;
    }

    /// <summary>Which framing kubectl 1.32 carries streams in; older ones have no choice.</summary>
    public Kubectl WithFraming(string framing)
    {
        if (framing == "SPDY") Environment["KUBECTL_REMOTE_COMMAND_WEBSOCKETS"] = Environment["KUBECTL_PORT_FORWARD_WEBSOCKETS"] = "false";
        return this;
    }

    /// <summary>Starts it and leaves its streams to the test, which ends it.</summary>
    public Process Start(params string[] arguments) => Start(binary, Prefix(arguments));

    /// <summary>Starts it in a terminal of its own.</summary>
    public Process StartInTerminal(params string[] arguments) => Start("script", ["-qec", Line(arguments), "/dev/null"]);

    /// <summary>Runs it in a terminal of this size.</summary>
    public Task<CommandResult> InTerminalAsync(int rows, int columns, params string[] arguments) => CommandResult.RunAsync(
        "script", ["-qec", $"stty rows {rows} cols {columns}; {Line(arguments)}", "/dev/null"], Limit, environment: Environment);

    private Process Start(string file, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in Environment) start.Environment[name] = value;
        Process process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        return process;
    }

    private string Line(string[] arguments) =>
        string.Join(' ', Prefix(arguments).Prepend(binary).Select(word => "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'"));

    private IEnumerable<string> Prefix(string[] arguments) => ["--namespace", ns, .. arguments];
}
