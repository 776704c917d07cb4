using System.Text;

namespace Cluster.LoadTests.Api;

/// <summary>Objects that the works need before they begin.</summary>
internal static class BenchObjects
{
    /// <summary>Namespaces with the account that pods run as, and rights on pods for a user: no controller runs that would make them.</summary>
    public static async Task CreateAsync(HttpClient administrator, string user, IEnumerable<string> namespaces)
    {
        foreach (string name in namespaces)
        {
            await PostAsync(administrator, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"" + name + "\"}}");
            await PostAsync(administrator, $"/api/v1/namespaces/{name}/serviceaccounts", "{\"metadata\":{\"name\":\"default\"}}");
        }

        const string Rbac = "/apis/rbac.authorization.k8s.io/v1/";
        await PostAsync(
            administrator, Rbac + "clusterroles",
            "{\"metadata\":{\"name\":\"" + user + "\"},\"rules\":[{\"apiGroups\":[\"\"],\"resources\":[\"pods\"],\"verbs\":[\"get\",\"list\",\"watch\",\"create\",\"update\",\"delete\",\"deletecollection\"]}]}");
        await PostAsync(
            administrator, Rbac + "clusterrolebindings",
            "{\"metadata\":{\"name\":\"" + user + "\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"" + user
            + "\"},\"subjects\":[{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"User\",\"name\":\"" + user + "\"}]}");
    }

    /// <summary>Makes nodes as kubelets register them; nobody tells of their health afterwards.</summary>
    public static async Task CreateNodesAsync(HttpClient administrator, int count)
    {
        for (int i = 0; i < count; i++)
        {
            await PostAsync(
                administrator, "/api/v1/nodes",
                "{\"metadata\":{\"name\":\"" + Pods.Node(i) + "\"},\"status\":{\"capacity\":{\"cpu\":\"64\",\"memory\":\"256Gi\",\"pods\":\"250\"},"
                + "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}");
        }
    }

    /// <summary>Makes pods that are numbered from 0.</summary>
    /// <param name="server">Who is asked.</param>
    /// <param name="path">Their collection.</param>
    /// <param name="prefix">Of their names.</param>
    /// <param name="count">How many.</param>
    /// <param name="concurrency">Requests at once.</param>
    /// <param name="nodes">They are bound to so many nodes in turn; 0: to none.</param>
    /// <exception cref="InvalidOperationException">One was refused.</exception>
    public static async Task CreatePodsAsync(MeasuredServer server, string path, string prefix, int count, int concurrency, int nodes = 0)
    {
        long next = -1;
        LoadOutcome made = await RequestLoad.RunAsync(
            server.Shared(System.Net.HttpVersion.Version20), concurrency,
            () => Interlocked.Increment(ref next) is var number && number < count
                ? server.Request(HttpMethod.Post, path, System.Net.HttpVersion.Version20, Pods.Json(Pods.Name(prefix, number), node: nodes > 0 ? Pods.Node(number % nodes) : null)) : null);
        if (made.Failures > 0) throw new InvalidOperationException($"{made.Failures} of {count} pods were refused");
    }

    private static async Task PostAsync(HttpClient client, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(new Uri(path, UriKind.Relative), content);
        if (!response.IsSuccessStatusCode) throw new InvalidOperationException($"POST {path}: {await response.Content.ReadAsStringAsync()}");
    }
}
