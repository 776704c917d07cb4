using Cluster.ApiServer.Tests.Hosting;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Kinds;

/// <summary>What stock kubectl makes, shows and asks of the kinds, on the real server.</summary>
public sealed class KubectlKindsTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    /// <summary>Commands that create, what they say, and what get shows of it.</summary>
    public static TheoryData<string, string, string, string> Creations => new()
    {
        { "create role r --verb=get,list --resource=pods", "role.rbac.authorization.k8s.io/r created", "get role r", @"^NAME +CREATED AT\nr +\d{4}-" },
        {
            "create rolebinding rb --role=r --user=ann --serviceaccount=default:robot", "rolebinding.rbac.authorization.k8s.io/rb created",
            "get rolebinding rb -o wide", @"\nrb +Role/r +\d+s +ann +default/robot"
        },
        { "create clusterrole cr --verb=get --non-resource-url=/metrics", "clusterrole.rbac.authorization.k8s.io/cr created", "get clusterrole cr", @"\ncr +\d{4}-" },
        {
            "create clusterrolebinding crb --clusterrole=cr --group=ops", "clusterrolebinding.rbac.authorization.k8s.io/crb created",
            "get clusterrolebinding crb -o wide", @"\ncrb +ClusterRole/cr +\d+s +ops"
        },
        { "create quota q --hard=pods=3,cpu=1", "resourcequota/q created", "get quota q", @"^NAME +(REQUEST|AGE)" },
        {
            "create pdb budget --selector=app=web --min-available=1", "poddisruptionbudget.policy/budget created", "get pdb budget",
            @"\nbudget +1 +N/A +0 +\d+s"
        },
        {
            "create priorityclass high --value=1000", "priorityclass.scheduling.k8s.io/high created", "get pc high", @"\nhigh +1000 +false +\d+s"
        },
        {
            "create ingress in --rule=a.example.com/*=web:80 --class=c", "ingress.networking.k8s.io/in created", "get ing in",
            @"\nin +c +a.example.com +80 +\d+s"
        },
        { "create job work --image=i", "job.batch/work created", "get job work", @"\nwork +Running +0/1 +\d+s" },
        {
            "create cronjob nightly --image=i --schedule=@daily", "cronjob.batch/nightly created", "get cj nightly",
            @"\nnightly +@daily +<none> +False +0 +<none> +\d+s"
        },
        {
            "autoscale deployment web --min=1 --max=3 --cpu-percent=50", "horizontalpodautoscaler.autoscaling/web autoscaled", "get hpa web",
            @"\nweb +Deployment/web +cpu: <unknown>/50% +1 +3 +0 +\d+s"
        },
    };

    [Theory]
    [MemberData(nameof(Creations))]
    public async Task Create_ThenGetAndDescribe(string create, string said, string get, string shown)
    {
        if (create.StartsWith("autoscale", StringComparison.Ordinal))
            await RunAsync("create deployment web --image=i");
        Assert.Equal(said + "\n", await RunAsync(create));
        Assert.Matches(shown, await RunAsync(get));
        var words = get.Split(' ');
        Assert.Contains(words[2], await RunAsync($"describe {words[1]} {words[2]}"));
    }

    [Fact]
    public async Task CreateAndGet_ByAnOlderKubectl_OverTheBetaVersions()
    {
        var older = KubectlProgram.Older;
        Assert.SkipWhen(older is null, "there is no kubectl 1.20 beside the other");
        Assert.Equal("cronjob.batch/old created\n", await RunAsync("create cronjob old --image=i --schedule=@hourly", older));
        Assert.Equal("poddisruptionbudget.policy/old created\n", await RunAsync("create pdb old --selector=app=x --min-available=1", older));
        Assert.Matches(@"\nold +@hourly ", await RunAsync("get cronjobs.v1beta1.batch old", older));
        Assert.Matches(@"\nold +1 +N/A ", await RunAsync("get pdb old", older));
        Assert.Contains("old", await RunAsync("describe pdb old", older));
        Assert.Contains("old", await RunAsync("describe cronjob old", older));
        Assert.Equal("yes\n", await RunAsync("auth can-i create pods", older));
    }

    [Fact]
    public async Task AuthCanI_AsksTheServer()
    {
        Assert.Equal("yes\n", await RunAsync("auth can-i delete nodes"));
        Assert.Matches(@"\*\.\* +\[\] +\[\] +\[\*\]", await RunAsync("auth can-i --list"));
        Assert.Matches(@"Username +\S+", await RunAsync("auth whoami"));
    }

    [Fact]
    public async Task ComponentStatuses_TellWhoIsHealthy()
    {
        var shown = await RunAsync("get componentstatuses");

        Assert.Matches(@"\netcd-0 +Healthy +ok", shown);
        Assert.Matches(@"\nscheduler +Unknown ", shown);
        Assert.Matches(@"\netcd-0 +Healthy +ok", await RunAsync("get cs etcd-0"));
    }

    [Fact]
    public async Task CertificateApprove_AndDeny_WriteTheVerdict()
    {
        foreach (var name in new[] { "wanted", "unwanted" })
            await RunWithAsync(SigningRequest.Manifest(name), "create -f -");
        Assert.Contains("certificatesigningrequest.certificates.k8s.io/wanted approved", await RunAsync("certificate approve wanted"));
        Assert.Contains("certificatesigningrequest.certificates.k8s.io/unwanted denied", await RunAsync("certificate deny unwanted"));
        var shown = await RunAsync("get csr");
        Assert.Matches(@"\nwanted +\d+s +example.com/signer +\S+ +<none> +Approved", shown);
        Assert.Matches(@"\nunwanted +\d+s +example.com/signer +\S+ +<none> +Denied", shown);
        Assert.Contains("Status:", await RunAsync("describe csr wanted"));
    }

    [Fact]
    public async Task Explain_KnowsTheKinds()
    {
        foreach (var kind in new[] { "job.spec", "ingress.spec.rules", "hpa.spec", "networkpolicy.spec", "statefulset.spec", "pv.spec", "csr.spec" })
            Assert.Contains("FIELDS:", await RunAsync("explain " + kind));
    }

    private Task<string> RunAsync(string arguments, string? program = null) => RunWithAsync(null, arguments, program);

    private async Task<string> RunWithAsync(string? input, string arguments, string? program = null)
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        var result = await rig.KubectlAsync(input, program ?? KubectlProgram.Path, arguments.Split(' '));
        Assert.True(result.ExitCode == 0, $"kubectl {arguments}: {result.Errors}");
        return result.Output;
    }
}
