// Draw pixels through a table of grey levels, by WebGL 2. One renderer draws all views, one after the other.

const VERTEX = `#version 300 es
in vec2 corner;
void main() { gl_Position = vec4(corner, 0.0, 1.0); }`

const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
uniform usampler2D pixels;
uniform sampler2D levels;
uniform vec2 origin;  // of the picture's top left corner, in texels
uniform vec2 stride;  // texels from one pixel of the screen to the next
uniform float height;  // of the picture, in pixels of the screen
uniform sampler2D heat;
uniform vec4 place;  // of a texel in the heatmap: factors, and what is added
uniform float opacity;  // of the heatmap where it is 1
out vec4 colour;
const vec3 STOPS[4] = vec3[](  // CAM_COLOURS of mammo_core/prediction/rendering.py
    vec3(90.0, 0.0, 40.0), vec3(200.0, 30.0, 30.0), vec3(250.0, 140.0, 20.0), vec3(255.0, 240.0, 120.0));
vec3 warm(float strength) {
    float position = strength * 3.0;
    int stop = min(int(position), 2);
    return mix(STOPS[stop], STOPS[stop + 1], position - float(stop)) / 255.0;
}
float code(ivec2 index, ivec2 last) { return float(texelFetch(pixels, clamp(index, ivec2(0), last), 0).r); }
void main() {
    ivec2 size = textureSize(pixels, 0);
    vec2 texel = origin + stride * vec2(gl_FragCoord.x, height - gl_FragCoord.y);
    if (any(lessThan(texel, vec2(0.0))) || any(greaterThan(texel, vec2(size)))) {
        colour = vec4(0.0, 0.0, 0.0, 1.0);
        return;
    }
    vec2 corner = floor(texel - 0.5);
    vec2 part = texel - 0.5 - corner;
    ivec2 index = ivec2(corner);
    ivec2 last = size - 1;
    float upper = mix(code(index, last), code(index + ivec2(1, 0), last), part.x);
    float lower = mix(code(index + ivec2(0, 1), last), code(index + ivec2(1, 1), last), part.x);
    int value = int(mix(upper, lower, part.y) + 0.5);
    float level = texelFetch(levels, ivec2(value & 255, value >> 8), 0).r;
    vec3 shade = vec3(level);
    if (opacity > 0.0) {
        float strength = texture(heat, texel * place.xy + place.zw).r;
        shade = mix(shade, warm(strength), opacity * strength);
    }
    colour = vec4(shade, 1.0);
}`

export class Renderer {
    /** Throws where the browser has no WebGL 2. */
    constructor() {
        this.canvas = document.createElement("canvas")
        this.gl = this.canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false })
        if (!this.gl) throw new Error("no WebGL 2")
        this.start()
    }

    /** Prepare the context, also one that was lost and is back. */
    start() {
        const { gl } = this
        const program = gl.createProgram()
        for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
            const shader = gl.createShader(kind)
            gl.shaderSource(shader, source)
            gl.compileShader(shader)
            gl.attachShader(program, shader)
        }
        gl.linkProgram(program)
        if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
            throw new Error(gl.getProgramInfoLog(program))
        }
        gl.useProgram(program)
        gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer())
        gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 3, -1, -1, 3]), gl.STATIC_DRAW)
        const corner = gl.getAttribLocation(program, "corner")
        gl.enableVertexAttribArray(corner)
        gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0)
        gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
        this.uniforms = Object.fromEntries(["pixels", "levels", "origin", "stride", "height", "heat", "place", "opacity"].map(
            (name) => [name, gl.getUniformLocation(program, name)]))
        gl.uniform1i(this.uniforms.levels, 1)
        gl.uniform1i(this.uniforms.heat, 2)
    }

    /** Return textures of the levels of a pyramid, with their sizes. */
    uploadPixels(pyramid) {
        const { gl } = this
        return pyramid.map(({ codes, rows, columns, covers }) => {
            const texture = this.createTexture(0)
            gl.texImage2D(gl.TEXTURE_2D, 0, gl.R16UI, columns, rows, 0, gl.RED_INTEGER, gl.UNSIGNED_SHORT, codes)
            return { texture, rows, columns, covers }
        })
    }

    /** Return a texture of grey levels; a former one is written anew. */
    uploadLevels(levels, texture) {
        const { gl } = this
        if (texture) {
            gl.activeTexture(gl.TEXTURE1)
            gl.bindTexture(gl.TEXTURE_2D, texture)
        }
        const target = texture ?? this.createTexture(1)
        gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, 256, 256, 0, gl.RED, gl.UNSIGNED_BYTE, levels)
        return target
    }

    /** Return a texture of a heatmap, smooth between its positions. */
    uploadHeatmap({ rows, columns, levels }) {
        const { gl } = this
        const texture = this.createTexture(2)
        for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, side, gl.LINEAR)
        const bytes = Uint8Array.from(atob(levels), (letter) => letter.charCodeAt(0))
        gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, columns, rows, 0, gl.RED, gl.UNSIGNED_BYTE, bytes)
        return texture
    }

    createTexture(unit) {
        const { gl } = this
        const texture = gl.createTexture()
        gl.activeTexture(gl.TEXTURE0 + unit)
        gl.bindTexture(gl.TEXTURE_2D, texture)
        for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST)
        for (const axis of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, axis, gl.CLAMP_TO_EDGE)
        return texture
    }

    /** Draw into a 2D context of its canvas' size; `heat` has a texture, its place and opacity, or is null. */
    draw(context, pixels, levels, { origin, stride }, heat = null) {
        const { gl, canvas } = this
        const { width, height } = context.canvas
        if (canvas.width < width || canvas.height < height) {
            canvas.width = Math.max(canvas.width, width)
            canvas.height = Math.max(canvas.height, height)
        }
        gl.viewport(0, 0, width, height)
        gl.activeTexture(gl.TEXTURE0)
        gl.bindTexture(gl.TEXTURE_2D, pixels.texture)
        gl.activeTexture(gl.TEXTURE1)
        gl.bindTexture(gl.TEXTURE_2D, levels)
        gl.activeTexture(gl.TEXTURE2)
        gl.bindTexture(gl.TEXTURE_2D, heat?.texture ?? levels)
        gl.uniform4fv(this.uniforms.place, heat?.place ?? [0, 0, 0, 0])
        gl.uniform1f(this.uniforms.opacity, heat?.opacity ?? 0)
        gl.uniform2fv(this.uniforms.origin, origin)
        gl.uniform2fv(this.uniforms.stride, stride)
        gl.uniform1f(this.uniforms.height, height)
        gl.drawArrays(gl.TRIANGLES, 0, 3)
        context.drawImage(canvas, 0, canvas.height - height, width, height, 0, 0, width, height)
    }

    release(textures) {
        for (const texture of textures) this.gl.deleteTexture(texture)
    }
}
