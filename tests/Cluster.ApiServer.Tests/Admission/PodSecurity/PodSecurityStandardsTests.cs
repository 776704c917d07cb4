using Cluster.ApiServer.Admission.PodSecurity;

namespace Cluster.ApiServer.Tests.Admission.PodSecurity;

/// <summary>Each check by what it lets pass and what it says to the rest; a null in the JSON takes the field away.</summary>
public sealed class PodSecurityStandardsTests
{
    [Fact]
    public void Violations_OfAPodThatMayNothing_AreNone()
    {
        foreach (var minor in Enumerable.Range(0, 40).Select(minor => (int?)minor).Append(null))
            Assert.Empty(Of(PodSecurityLevel.Restricted, PodJson.Restricted, minor: minor));
    }

    [Fact]
    public void Violations_OfAnything_AreNoneWherePodsArePrivileged() =>
        Assert.Empty(Of(PodSecurityLevel.Privileged, PodJson.With(pod: """{"hostNetwork": true}""")));

    [Theory]
    [InlineData("""{"hostNetwork": true}""", "host namespaces (hostNetwork=true)")]
    [InlineData("""{"hostPID": true, "hostIPC": true}""", "host namespaces (hostPID=true, hostIPC=true)")]
    [InlineData("""{"hostNetwork": false}""", "")]
    [InlineData("""{"volumes": [{"name": "v", "hostPath": {"path": "/"}}, {"name": "w", "hostPath": {"path": "/"}}, {"name": "x", "emptyDir": {}}]}""", "hostPath volumes (volumes \"v\", \"w\")")]
    public void Baseline_OfThePod(string pod, string expected) => Assert.Equal(expected, Baseline(PodJson.With(pod: pod)));

    [Theory]
    [InlineData("""{"ports": [{"containerPort": 80}]}""", "")]
    [InlineData("""{"ports": [{"containerPort": 80, "hostPort": 8080}]}""", "hostPort (container \"a\" uses hostPort 8080)")]
    [InlineData("""{"ports": [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 81, "hostPort": 81}]}""", "hostPort (container \"a\" uses hostPorts 8080, 81)")]
    public void Baseline_OfPorts(string container, string expected) => Assert.Equal(expected, Baseline(PodJson.With(container: container)));

    [Theory]
    [InlineData("""{"privileged": true}""", "privileged (container \"a\" must not set securityContext.privileged=true)")]
    [InlineData("""{"privileged": false}""", "")]
    [InlineData("""{"capabilities": {"add": ["CHOWN"]}}""", "")]
    [InlineData("""{"capabilities": {"add": ["SYS_ADMIN", "CHOWN", "NET_RAW"]}}""", "non-default capabilities (container \"a\" must not include \"NET_RAW\", \"SYS_ADMIN\" in securityContext.capabilities.add)")]
    [InlineData("""{"procMount": "Default"}""", "")]
    [InlineData("""{"procMount": "Unmasked"}""", "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")")]
    [InlineData("""{"seLinuxOptions": {"type": "container_engine_t", "level": "s0"}}""", "")]
    [InlineData("""{"seLinuxOptions": {"type": "spc_t", "user": "u", "role": "r"}}""", "seLinuxOptions (container \"a\" set forbidden securityContext.seLinuxOptions: type \"spc_t\"; user may not be set; role may not be set)")]
    [InlineData("""{"seLinuxOptions": {"user": "u"}}""", "seLinuxOptions (container \"a\" set forbidden securityContext.seLinuxOptions: user may not be set)")]
    [InlineData("""{"seccompProfile": {"type": "Localhost", "localhostProfile": "p"}}""", "")]
    [InlineData("""{"seccompProfile": {"type": "Unconfined"}}""", "seccompProfile (container \"a\" must not set securityContext.seccompProfile.type to \"Unconfined\")")]
    [InlineData("""{"appArmorProfile": {"type": "RuntimeDefault"}}""", "")]
    [InlineData("""{"appArmorProfile": {"type": "Unconfined"}}""", "forbidden AppArmor profile (container \"a\" must not set AppArmor profile type to \"Unconfined\")")]
    [InlineData("""{"windowsOptions": {"hostProcess": false}}""", "")]
    [InlineData("""{"windowsOptions": {"hostProcess": true}}""", "hostProcess (container \"a\" must not set securityContext.windowsOptions.hostProcess=true)")]
    public void Baseline_OfAContainersContext(string security, string expected) => Assert.Equal(expected, Baseline(PodJson.With(security: security)));

    [Theory]
    [InlineData("""{"seccompProfile": {"type": "Unconfined"}}""", "seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")")]
    [InlineData("""{"seLinuxOptions": {"type": "spc_t"}}""", "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"spc_t\")")]
    [InlineData("""{"appArmorProfile": {"type": "Unconfined"}}""", "forbidden AppArmor profile (pod must not set AppArmor profile type to \"Unconfined\")")]
    [InlineData("""{"windowsOptions": {"hostProcess": true}}""", "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)")]
    [InlineData("""{"sysctls": [{"name": "net.ipv4.tcp_rmem", "value": "1"}, {"name": "kernel.shm_rmid_forced", "value": "1"}]}""", "")]
    [InlineData("""{"sysctls": [{"name": "kernel.msgmax", "value": "1"}, {"name": "a", "value": "1"}]}""", "forbidden sysctls (kernel.msgmax, a)")]
    public void Baseline_OfThePodsContext(string security, string expected) => Assert.Equal(expected, Baseline(PodJson.With(podSecurity: security)));

    [Theory]
    [InlineData("""{"container.apparmor.security.beta.kubernetes.io/a": "runtime/default", "container.apparmor.security.beta.kubernetes.io/b": "localhost/p"}""", "")]
    [InlineData(
        """{"container.apparmor.security.beta.kubernetes.io/a": "unconfined"}""",
        "forbidden AppArmor profile (annotation must not set AppArmor profile type to \"container.apparmor.security.beta.kubernetes.io/a=\"unconfined\"\")")]
    [InlineData("""{"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}""", "")]
    public void Baseline_OfAnnotations(string annotations, string expected) => Assert.Equal(expected, Baseline(PodJson.Restricted, annotations));

    [Fact]
    public void Baseline_OfAllSortsOfContainers_NamesThem()
    {
        var pod = PodJson.With(pod: """
            {"initContainers": [{"name": "i", "image": "x", "securityContext": {"privileged": true}}],
             "ephemeralContainers": [{"name": "e", "image": "x", "securityContext": {"privileged": true}}]}
            """);

        Assert.Equal("privileged (containers \"i\", \"e\" must not set securityContext.privileged=true)", Baseline(pod));
    }

    [Fact]
    public void Baseline_OfThousandsOfContainers_NamesSome()
    {
        var containers = string.Join(", ", Enumerable.Range(0, 5000).Select(number => $$"""{"name": "c{{number}}", "image": "x", "securityContext": {"privileged": true} }"""));

        var text = Baseline(PodJson.With(pod: $$"""{"containers": [{{containers}}] }"""));

        Assert.EndsWith("\"c99\" and 4900 more must not set securityContext.privileged=true)", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"allowPrivilegeEscalation": true}""", "allowPrivilegeEscalation != false (container \"a\" must set securityContext.allowPrivilegeEscalation=false)")]
    [InlineData("""{"allowPrivilegeEscalation": null}""", "allowPrivilegeEscalation != false (container \"a\" must set securityContext.allowPrivilegeEscalation=false)")]
    [InlineData("""{"capabilities": null}""", "unrestricted capabilities (container \"a\" must set securityContext.capabilities.drop=[\"ALL\"])")]
    [InlineData("""{"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}""", "")]
    [InlineData(
        """{"capabilities": {"drop": ["all"], "add": ["CHOWN"]}}""",
        "unrestricted capabilities (container \"a\" must set securityContext.capabilities.drop=[\"ALL\"]; container \"a\" must not include \"CHOWN\" in securityContext.capabilities.add)")]
    [InlineData("""{"runAsNonRoot": false}""", "runAsNonRoot != true (container \"a\" must not set securityContext.runAsNonRoot=false)")]
    [InlineData("""{"runAsUser": 0}""", "runAsUser=0 (container \"a\" must not set runAsUser=0)")]
    [InlineData("""{"runAsUser": 1}""", "")]
    [InlineData("""{"seccompProfile": {"type": "Unconfined"}}""", "seccompProfile (container \"a\" must not set securityContext.seccompProfile.type to \"Unconfined\")")]
    public void Restricted_OfAContainersContext(string security, string expected) => Assert.Equal(expected, Restricted(PodJson.With(security: security)));

    [Theory]
    [InlineData("""{"runAsNonRoot": null}""", "{}", "runAsNonRoot != true (pod or container \"a\" must set securityContext.runAsNonRoot=true)")]
    [InlineData("""{"runAsNonRoot": null}""", """{"runAsNonRoot": true}""", "")]
    [InlineData("""{"runAsNonRoot": false}""", """{"runAsNonRoot": false}""", "runAsNonRoot != true (pod and container \"a\" must not set securityContext.runAsNonRoot=false)")]
    [InlineData("""{"runAsUser": 0}""", """{"runAsUser": 0}""", "runAsUser=0 (pod and container \"a\" must not set runAsUser=0)")]
    [InlineData("""{"seccompProfile": null}""", "{}", "seccompProfile (pod or container \"a\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")")]
    [InlineData("""{"seccompProfile": null}""", """{"seccompProfile": {"type": "RuntimeDefault"}}""", "")]
    public void Restricted_OfThePodsContext(string pod, string container, string expected) =>
        Assert.Equal(expected, Restricted(PodJson.With(podSecurity: pod, security: container)));

    [Theory]
    [InlineData("""[{"name": "v", "configMap": {"name": "c"}}, {"name": "w", "projected": {"sources": []}}, {"name": "x", "ephemeral": {}}]""", "")]
    [InlineData("""[{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}, {"name": "w", "csi": {"driver": "d"}}, {"name": "x", "secret": {}}, {"name": "y", "downwardAPI": {}}]""", "")]
    [InlineData("""[{"name": "v", "hostPath": {"path": "/"}}]""", "restricted volume types (volume \"v\" uses restricted volume type \"hostPath\")")]
    [InlineData(
        """[{"name": "v", "nfs": {"server": "s", "path": "/"}}, {"name": "w", "iscsi": {"targetPortal": "t", "iqn": "i", "lun": 0}}, {"name": "x", "nfs": {"server": "s", "path": "/"}}]""",
        "restricted volume types (volumes \"v\", \"w\", \"x\" use restricted volume types \"iscsi\", \"nfs\")")]
    [InlineData("""[{"name": "v"}]""", "restricted volume types (volume \"v\" uses restricted volume type \"unknown\")")]
    public void Restricted_OfVolumes(string volumes, string expected) => Assert.Equal(expected, Restricted(PodJson.With(pod: $$"""{"volumes": {{volumes}} }""")));

    [Fact]
    public void Restricted_OfSeveral_TellsTheLesserStandardFirst() => Assert.Equal(
        "host namespaces (hostNetwork=true), privileged (container \"a\" must not set securityContext.privileged=true), "
        + "allowPrivilegeEscalation != false (container \"a\" must set securityContext.allowPrivilegeEscalation=false), "
        + "unrestricted capabilities (container \"a\" must set securityContext.capabilities.drop=[\"ALL\"]), "
        + "restricted volume types (volume \"v\" uses restricted volume type \"hostPath\"), "
        + "runAsNonRoot != true (pod or container \"a\" must set securityContext.runAsNonRoot=true), "
        + "seccompProfile (pod or container \"a\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")",
        Restricted("""
            {"hostNetwork": true, "volumes": [{"name": "v", "hostPath": {"path": "/"}}],
             "containers": [{"name": "a", "image": "x", "securityContext": {"privileged": true}}]}
            """));

    [Fact]
    public void Restricted_OfWindows_AsksOnlyWhatThatKnows()
    {
        var pod = PodJson.With(
            pod: """{"os": {"name": "windows"}}""", security: """{"allowPrivilegeEscalation": null, "capabilities": null}""", podSecurity: """{"seccompProfile": null}""");

        Assert.Equal("", Restricted(pod));
        Assert.Equal(
            ["allowPrivilegeEscalation != false", "unrestricted capabilities", "seccompProfile"], Of(PodSecurityLevel.Restricted, pod, minor: 24).Select(one => one.Reason));
    }

    [Theory]
    [InlineData(7, "")]
    [InlineData(8, "allowPrivilegeEscalation != false")]
    [InlineData(21, "allowPrivilegeEscalation != false")]
    [InlineData(22, "allowPrivilegeEscalation != false, unrestricted capabilities")]
    [InlineData(23, "allowPrivilegeEscalation != false, unrestricted capabilities, runAsUser=0")]
    [InlineData(99, "allowPrivilegeEscalation != false, unrestricted capabilities, runAsUser=0")]
    public void Restricted_OfAnOlderVersion_AsksLess(int minor, string expected)
    {
        var pod = PodJson.With(security: """{"allowPrivilegeEscalation": null, "capabilities": null, "runAsUser": 0}""");

        Assert.Equal(expected, Violation.Reasons(Of(PodSecurityLevel.Restricted, pod, minor: minor)));
    }

    [Theory]
    [InlineData("net.ipv4.ip_local_reserved_ports", 27)]
    [InlineData("net.ipv4.tcp_fin_timeout", 29)]
    [InlineData("net.ipv4.tcp_wmem", 32)]
    public void Baseline_OfAnOlderVersion_KnowsFewerSysctls(string name, int since)
    {
        var pod = PodJson.With(podSecurity: $$"""{"sysctls": [{"name": "{{name}}", "value": "1"}]}""");

        Assert.Single(Of(PodSecurityLevel.Baseline, pod, minor: since - 1));
        Assert.Empty(Of(PodSecurityLevel.Baseline, pod, minor: since));
    }

    [Fact]
    public void Baseline_Before31_KnowsNoTypeForEngines() => Assert.Equal(
        "seLinuxOptions (container \"a\" set forbidden securityContext.seLinuxOptions: type \"container_engine_t\")",
        Violation.Details(Of(PodSecurityLevel.Baseline, PodJson.With(security: """{"seLinuxOptions": {"type": "container_engine_t"}}"""), minor: 30)));

    [Fact]
    public void Seccomp_Before19_IsOfAnnotations()
    {
        const string annotations = """{"seccomp.security.alpha.kubernetes.io/pod": "unconfined", "container.seccomp.security.alpha.kubernetes.io/a": "docker/default"}""";
        var pod = PodJson.With(podSecurity: """{"seccompProfile": {"type": "Unconfined"}}""");

        Assert.Equal(
            "seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod=\"unconfined\")",
            Violation.Details(Of(PodSecurityLevel.Restricted, pod, annotations, minor: 18)));
        Assert.Equal("seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")", Violation.Details(Of(PodSecurityLevel.Baseline, pod, annotations, minor: 19)));
    }

    private static string Baseline(string spec, string annotations = "{}") => Violation.Details(Of(PodSecurityLevel.Baseline, spec, annotations));

    private static string Restricted(string spec) => Violation.Details(Of(PodSecurityLevel.Restricted, spec));

    private static IReadOnlyList<Violation> Of(PodSecurityLevel level, string spec, string annotations = "{}", int? minor = null)
    {
        var pod = PodJson.Pod(spec, annotations: annotations);
        return PodSecurityStandards.Violations(new PodSecurityPolicy(level, minor), new PodSubject(pod.Metadata, pod.Spec));
    }
}
