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

    private IEnumerable<string> Prefix(string[] arguments) => ["--namespace", ns, .. arguments];
}
